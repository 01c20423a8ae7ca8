/* worker -- see worker.h. A test costs one system call. */
#include "runner/store/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runner/store/store.h"

static struct flock worker_byte(int64_t worker_id)
{
	return (struct flock){
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = worker_id, .l_len = 1};
}

bool worker_alive(const struct store *store, int64_t worker_id)
{
	struct flock lock = worker_byte(worker_id);

	if (worker_id <= 0)
		return false;
	if (worker_id == store->worker_id)
		return true;
	if (store->lock_missing)
		return false;
	return fcntl(store->lock_file, F_OFD_GETLK, &lock) || lock.l_type != F_UNLCK;
}

static void worker_alive_sql(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct store *store = sqlite3_user_data(context);

	(void)n;
	sqlite3_result_int(context, worker_alive(store, sqlite3_value_int64(values[0])));
}

/* SQLite has followed the links to the file, so all who open it agree on the lock file's name. */
int worker_open(struct store *store, bool write)
{
	int flags = write ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC;

	store->lock_path = sqlite3_mprintf("%s.lock", sqlite3_db_filename(store->db, "main"));
	if (!store->lock_path)
		return sql_refuse(store, "out of memory");
	store->lock_file = open(store->lock_path, flags, 0666);
	store->lock_missing = store->lock_file < 0 && errno == ENOENT;
	if (store->lock_file < 0 && write)
		return sql_refuse(store, "%s: %s", store->lock_path, strerror(errno));
	if (sqlite3_create_function_v2(store->db, "worker_alive", 1, SQLITE_UTF8, store,
		    worker_alive_sql, NULL, NULL, NULL) != SQLITE_OK)
		return sql_refuse(store, "out of memory");
	return 0;
}

static int worker_environment(struct store *store, const struct environment *e)
{
	const struct sql_value values[] = {sql_text(e->cpu), sql_int(e->cores),
		sql_text(e->instruction_set), sql_text(e->blas), sql_text(e->blas_kernels),
		sql_text(e->compiler), sql_text(e->versions), sql_int(e->numerics),
		sql_text(e->git_commit), sql_text(e->os)};
	const int n = sizeof values / sizeof values[0];

	return sql_run(store,
		       "INSERT INTO environment (cpu, cores, instruction_set, blas, blas_kernels, "
		       "compiler, versions, numerics, git_commit, os) "
		       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING",
		       values, n) ||
			       sql_get(store, &store->environment_id,
				       "SELECT environment_id FROM environment WHERE (cpu, cores, "
				       "instruction_set, blas, blas_kernels, compiler, versions, "
				       "numerics, git_commit, os) = "
				       "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
				       values, n)
		       ? -1
		       : 0;
}

static int worker_number(struct store *store, int64_t *worker_id)
{
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	return sql_get(store, worker_id,
		"INSERT INTO worker (pid, host, started_at) "
		"VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%fZ')) RETURNING worker_id",
		SQL_VALUES(sql_int(getpid()), sql_text(host)));
}

static int worker_lock(struct store *store, int64_t worker_id)
{
	struct flock lock = worker_byte(worker_id);

	if (fcntl(store->lock_file, F_OFD_SETLK, &lock))
		return sql_refuse(store, "%s: %s", store->lock_path, strerror(errno));
	store->worker_id = worker_id;
	return 0;
}

int store_register(struct store *store, const struct environment *environment, struct err *err)
{
	int64_t worker_id = store->worker_id;

	if (sql_begin(store) || worker_environment(store, environment) ||
		(!worker_id && worker_number(store, &worker_id)) || sql_commit(store) ||
		(!store->worker_id && worker_lock(store, worker_id)))
		return sql_failed(store, err, "register as a worker");
	return 0;
}
