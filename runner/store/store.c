/* store -- opening and closing the file; see store.h. save.c writes, read.c reads, worker.c knows
 * who is alive, sql.c runs statements. */
#include "runner/store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layers/core/clock.h"
#include "runner/store/sql.h"
#include "runner/store/worker.h"

/* What `file` and other programs know our files by ("rnnr"), and the version of schema.sql. */
enum { STORE_APPLICATION = 0x726e6e72, STORE_VERSION = 1 };

enum { STORE_RETRY_MS = 20 };

const char *store_default_path(void)
{
	const char *path = getenv("RUNNER_DB");

	return path && *path ? path : "runner.db";
}

sqlite3 *store_handle(struct store *store)
{
	return store->db;
}

/* ---- what kind of file it is */

struct store_kind {
	int64_t application, version, objects;
};

static int store_look(struct store *store, struct store_kind *kind)
{
	return -(sql_get(store, &kind->application, "PRAGMA application_id", SQL_NO_VALUES) ||
		 sql_get(store, &kind->version, "PRAGMA user_version", SQL_NO_VALUES) ||
		 sql_get(store, &kind->objects, "SELECT count(*) FROM sqlite_schema",
			 SQL_NO_VALUES));
}

/* The same in one transaction: while another process makes the file, all of it or nothing is seen.
 */
static int store_look_at_once(struct store *store, struct store_kind *kind)
{
	return -(sql_script(store, "BEGIN") || store_look(store, kind) || sql_commit(store));
}

static bool store_is_empty(const struct store_kind *kind)
{
	return !kind->application && !kind->version && !kind->objects;
}

static int store_check(struct store *store, const struct store_kind *kind)
{
	if (kind->application != STORE_APPLICATION)
		return sql_refuse(store, "the file belongs to another program; name another one "
					 "with --db");
	if (kind->version > STORE_VERSION)
		return sql_refuse(store,
			"a newer runner made the file (version %lld, this one knows %d); use that "
			"one, or another file with --db",
			(long long)kind->version, STORE_VERSION);
	if (kind->version != STORE_VERSION)
		return sql_refuse(store,
			"the file has version %lld, which this runner does not know",
			(long long)kind->version);
	return 0;
}

/* ---- making one */

static int store_make(struct store *store)
{
	struct store_kind kind;
	char version[96];

	sqlite3_snprintf(sizeof version, version,
		"PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION,
		STORE_VERSION);
	if (sql_script(store, "BEGIN IMMEDIATE") || store_look(store, &kind))
		return -1;
	if (store_is_empty(&kind) &&
		(sql_script(store, store_schema_sql) || sql_script(store, store_views_sql) ||
			sql_script(store, version)))
		return -1;
	return sql_commit(store);
}

static int store_log_mode(struct store *store)
{
	sqlite3_stmt *statement = sql_prepare(store, "PRAGMA journal_mode = WAL");
	int more = statement ? sql_step(store, statement) : -1;
	bool wal = more > 0 &&
		   !sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal");

	sqlite3_finalize(statement);
	if (more < 0)
		return -1;
	return wal ? 0
		   : sql_refuse(store, "its file system cannot share a write-ahead log; put the "
				       "file on a local disk with --db");
}

static int store_setup_write(struct store *store)
{
	struct store_kind kind;

	if (store_look_at_once(store, &kind))
		return -1;
	if (!store_is_empty(&kind) && store_check(store, &kind))
		return -1;
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return sql_refuse(store, "the file is read-only");
	if (store_log_mode(store) || sql_script(store, "PRAGMA synchronous = NORMAL"))
		return -1;
	if (store_is_empty(&kind) && store_make(store))
		return -1;
	return 0;
}

static int store_setup_read(struct store *store)
{
	struct store_kind kind;

	if (store_look_at_once(store, &kind))
		return -1;
	if (store_is_empty(&kind))
		return sql_refuse(store,
			"the file is empty; `runner CONFIG --db %s` puts runs into it",
			store->path);
	return store_check(store, &kind);
}

/* Runs whose worker is dead are nobody's. */
static int store_release_dead(struct store *store)
{
	return sql_run(store,
		"UPDATE run SET status = 'interrupted' "
		"WHERE status = 'running' AND NOT worker_alive(worker_id)",
		SQL_NO_VALUES);
}

/* ---- opening */

static int store_connect(struct store *store, const char *name, int flags)
{
	int code = sqlite3_open_v2(name, &store->db, flags, NULL);

	if (!store->db)
		return sql_refuse(store, "out of memory");
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, store->wait_ms);
	if (code == SQLITE_OK)
		return sql_script(store, "PRAGMA foreign_keys = ON");
	store->code = code & 0xff;
	code = sqlite3_system_errno(store->db);
	return sql_refuse(store, "%s", code ? strerror(code) : sqlite3_errmsg(store->db));
}

/* SQLite answers "busy" at once, without waiting, where waiting could deadlock: while several
 * processes turn a new file to WAL, or the last one closes it. So the set-up itself is retried. */
static int store_patiently(struct store *store, int (*step)(struct store *))
{
	const int64_t deadline = clock_ms() + store->wait_ms;

	for (;;) {
		sql_clear(store);
		if (!step(store))
			return 0;
		if (!sqlite3_get_autocommit(store->db))
			sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
		if (store->code != SQLITE_BUSY || clock_ms() >= deadline)
			return -1;
		usleep(STORE_RETRY_MS * 1000);
	}
}

static int store_open_write(struct store *store)
{
	return -(store_connect(store, store->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) ||
		 store_patiently(store, store_setup_write) || worker_open(store, true) ||
		 store_patiently(store, store_release_dead));
}

/* A file in a folder that cannot be written cannot have the index of its log made there, and SQLite
 * refuses it. When there is no log either, nobody is writing: it may be read as it stands. */
static int store_open_immutable(struct store *store)
{
	char *log = sqlite3_mprintf("%s-wal", sqlite3_db_filename(store->db, "main"));
	bool alone = log && access(log, F_OK);
	sqlite3_str *uri = sqlite3_str_new(NULL);
	char *name;
	int failed;

	sqlite3_free(log);
	sqlite3_str_appendall(uri, "file:");
	for (const char *c = store->path; *c; c++)
		sqlite3_str_appendf(uri, strchr("?#%", *c) ? "%%%02x" : "%c", *c);
	sqlite3_str_appendall(uri, "?immutable=1");
	name = sqlite3_str_finish(uri);
	if (!alone || !name) {
		sqlite3_free(name);
		return -1;
	}
	sqlite3_close(store->db);
	sql_clear(store);
	failed = store_connect(store, name, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI) ||
		 store_setup_read(store);
	sqlite3_free(name);
	return failed ? -1 : 0;
}

/* Open for writing as far as that is allowed, with writing switched off: as the last to close the
 * file this connection may then clear the log's two files away, which a plain reader leaves behind.
 */
static int store_open_read(struct store *store)
{
	if (store_connect(store, store->path, SQLITE_OPEN_READWRITE) ||
		sql_script(store, "PRAGMA query_only = ON"))
		return -1;
	if (store_patiently(store, store_setup_read) &&
		((store->code != SQLITE_CANTOPEN && store->code != SQLITE_READONLY) ||
			store_open_immutable(store)))
		return -1;
	return worker_open(store, false);
}

int store_open(
	struct store **out, const char *path, enum store_mode mode, int wait_ms, struct err *err)
{
	struct store *store;

	*out = NULL;
	if (mode == STORE_READ && access(path, F_OK) && errno == ENOENT) {
		err_set(err,
			"there is no store at %s yet; `runner CONFIG` trains a network and makes "
			"one, --db FILE names another",
			path);
		return STORE_MISSING;
	}
	store = calloc(1, sizeof *store);
	if (!store || !(store->path = strdup(path))) {
		free(store);
		return err_memory(err, sizeof *store, "the store");
	}
	store->lock_file = -1;
	store->wait_ms = wait_ms;
	if (mode == STORE_WRITE ? store_open_write(store) : store_open_read(store)) {
		err_set(err, "cannot open the store %s: %s", path, store->reason);
		store_close(store);
		return -1;
	}
	*out = store;
	return 0;
}

/* What is still claimed becomes `interrupted` by itself, since the lock goes with the file. */
void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->db && sqlite3_db_readonly(store->db, "main") == 0)
		sqlite3_wal_checkpoint_v2(store->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	sqlite3_close(store->db);
	if (store->lock_file >= 0)
		close(store->lock_file);
	sqlite3_free(store->lock_path);
	free(store->path);
	free(store);
}
