/* read -- what is read out of the store; see store.h. A table of fields says for each struct which
 * column goes into which member. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/suggest.h"
#include "runner/store/sql.h"
#include "runner/store/store.h"

#define FIELD(kind, s, column, member)                               \
	{                                                            \
		column, SQL_FIELD_##kind, offsetof(struct s, member) \
	}
#define METRICS(s)                                                        \
	FIELD(REAL, s, "train_loss", metrics.train_loss),                 \
		FIELD(REAL, s, "train_accuracy", metrics.train_accuracy), \
		FIELD(REAL, s, "val_loss", metrics.val_loss),             \
		FIELD(REAL, s, "val_accuracy", metrics.val_accuracy),     \
		FIELD(REAL, s, "test_loss", metrics.test_loss),           \
		FIELD(REAL, s, "test_accuracy", metrics.test_accuracy)

#define STATUS "iif(status = 'running' AND NOT worker_alive(worker_id), 'interrupted', status)"

#define IMAGE_SHAPE                                                   \
	"(SELECT shape FROM dataset WHERE dataset.name = run.dataset" \
	" AND dataset.sha256 = run.dataset_sha256)"

/* `config` comes last so that a list of runs can leave it out. */
#define RUN_FIELDS                                                                                \
	FIELD(INT, store_run, "run_id", run_id), FIELD(TEXT, store_run, "run.name", name),        \
		FIELD(TEXT, store_run, "config_path", config_path),                               \
		FIELD(TEXT, store_run, "params", params), FIELD(TEXT, store_run, "label", label), \
		FIELD(TEXT, store_run, "run_hash", run_hash),                                     \
		FIELD(TEXT, store_run, "variant_hash", variant_hash),                             \
		FIELD(TEXT, store_run, "prefix_hash", prefix_hash),                               \
		FIELD(TEXT, store_run, "run.dataset", dataset),                                   \
		FIELD(TEXT, store_run, IMAGE_SHAPE, image_shape),                                 \
		FIELD(INT, store_run, "seed", seed), FIELD(TEXT, store_run, STATUS, status),      \
		FIELD(TEXT, store_run, "created_at", created_at),                                 \
		FIELD(TEXT, store_run, "started_at", started_at),                                 \
		FIELD(TEXT, store_run, "finished_at", finished_at),                               \
		FIELD(REAL, store_run, "seconds", seconds),                                       \
		FIELD(INT, store_run, "epochs", epochs),                                          \
		FIELD(INT, store_run, "epochs_done", epochs_done),                                \
		FIELD(INT, store_run, "best_epoch", best_epoch), METRICS(store_run),              \
		FIELD(REAL, store_run, "untrained_accuracy", untrained_accuracy),                 \
		FIELD(REAL, store_run, "examples_per_second", examples_per_second),               \
		FIELD(INT, store_run, "parameters", parameters),                                  \
		FIELD(INT, store_run, "macs", macs),                                              \
		FIELD(TEXT, store_run, "weights_hash", weights_hash),                             \
		FIELD(TEXT, store_run, "error", error)

#define RUN_FROM " FROM run JOIN label USING (variant_hash)"

static const struct sql_field brief_fields[] = {RUN_FIELDS, {0}};
static const struct sql_field run_fields[] = {
	RUN_FIELDS, FIELD(TEXT, store_run, "config", config), {0}};

static const struct sql_field epoch_fields[] = {
	FIELD(INT, store_epoch_row, "epoch", epoch),
	FIELD(REAL, store_epoch_row, "lr", lr),
	METRICS(store_epoch_row),
	FIELD(REAL, store_epoch_row, "seconds", seconds),
	FIELD(REAL, store_epoch_row, "examples_per_second", examples_per_second),
	FIELD(TEXT, store_epoch_row, "weights_hash", weights_hash),
	{0},
};

static const struct sql_field point_fields[] = {
	FIELD(INT, store_point, "step", step),
	FIELD(REAL, store_point, "epoch", position),
	FIELD(REAL, store_point, "train_loss", train_loss),
	FIELD(REAL, store_point, "train_accuracy", train_accuracy),
	{0},
};

static const struct sql_field layer_fields[] = {
	FIELD(TEXT, store_layer, "path", path),
	FIELD(TEXT, store_layer, "name", name),
	FIELD(TEXT, store_layer, "kind", kind),
	FIELD(TEXT, store_layer, "output_shape", output_shape),
	FIELD(INT, store_layer, "parameters", parameters),
	FIELD(INT, store_layer, "macs", macs),
	FIELD(TEXT, store_layer, "receptive_field", receptive_field),
	{0},
};

static const struct sql_field event_fields[] = {
	FIELD(TEXT, store_event_row, "at", at),
	FIELD(TEXT, store_event_row, "kind", kind),
	FIELD(TEXT, store_event_row, "text", text),
	{0},
};

/* ---- runs */

int store_runs(
	struct store *store, struct arena *arena, struct store_run **runs, int *n, struct err *err)
{
	sql_clear(store);
	*runs = sql_rows(store, arena, n, brief_fields, sizeof **runs, RUN_FROM " ORDER BY run_id",
		SQL_NO_VALUES);
	return *runs ? 0 : sql_failed(store, err, "list the runs");
}

/* The first run of the rows that `tail` selects, or *run NULL. */
static int read_run(struct store *store, struct arena *arena, struct store_run **run,
	const char *tail, struct sql_value value)
{
	int n;

	*run = sql_rows(store, arena, &n, run_fields, sizeof **run, tail, SQL_VALUES(value));
	if (!*run)
		return -1;
	if (!n)
		*run = NULL;
	return 0;
}

int store_run_find(struct store *store, const char *run_hash, struct arena *arena,
	struct store_run **run, struct err *err)
{
	sql_clear(store);
	if (read_run(store, arena, run, RUN_FROM " WHERE run_hash = ?1", sql_text(run_hash)))
		return sql_failed(store, err, "look for a run");
	return 0;
}

/* Says that there is no such run, and which name comes nearest. */
static int read_no_run(struct store *store, const char *which, struct arena *arena, struct err *err)
{
	struct suggestion meant = {.wrong = which};
	char nearest[SUGGESTION_TEXT];
	struct store_run *runs;
	int n;

	if (store_runs(store, arena, &runs, &n, err))
		return -1;
	if (!n)
		return err_set(
			err, "there are no runs in %s yet; `runner CONFIG` makes one", store->path);
	for (int i = 0; i < n; i++)
		suggestion_try(&meant, runs[i].name);
	return err_set(err, "there is no run %s in %s%s; `runner ls` lists them", which,
		store->path, suggestion_text(&meant, nearest));
}

int store_run_get(struct store *store, const char *which, struct arena *arena,
	struct store_run **run, struct err *err)
{
	char *end = NULL;
	long long number = which ? strtoll(which, &end, 10) : 0;

	sql_clear(store);
	*run = NULL;
	if (end && *which && !*end && number > 0 &&
		read_run(store, arena, run, RUN_FROM " WHERE run_id = ?1", sql_int(number)))
		return sql_failed(store, err, "look for run %s", which);
	if (!*run && read_run(store, arena, run,
			     RUN_FROM " WHERE ?1 IS NULL OR (run.name = ?1 AND "
				      "run_hash IS NOT NULL) ORDER BY run_id DESC LIMIT 1",
			     sql_text(which)))
		return sql_failed(store, err, "look for run %s", which ? which : "the latest");
	return *run ? 0 : read_no_run(store, which ? which : "", arena, err);
}

/* ---- what belongs to a run */

static void *read_of_run(struct store *store, int64_t run_id, struct arena *arena, int *n,
	const struct sql_field *fields, size_t size, const char *tail, struct err *err)
{
	void *rows;

	sql_clear(store);
	rows = sql_rows(store, arena, n, fields, size, tail, SQL_VALUES(sql_int(run_id)));
	if (!rows)
		sql_failed(store, err, "read run %lld", (long long)run_id);
	return rows;
}

int store_epochs(struct store *store, int64_t run_id, struct arena *arena,
	struct store_epoch_row **rows, int *n, struct err *err)
{
	*rows = read_of_run(store, run_id, arena, n, epoch_fields, sizeof **rows,
		" FROM epoch WHERE run_id = ?1 ORDER BY epoch", err);
	return *rows ? 0 : -1;
}

int store_points(struct store *store, int64_t run_id, struct arena *arena,
	struct store_point **rows, int *n, struct err *err)
{
	*rows = read_of_run(store, run_id, arena, n, point_fields, sizeof **rows,
		" FROM point WHERE run_id = ?1 ORDER BY step", err);
	return *rows ? 0 : -1;
}

int store_layers(struct store *store, int64_t run_id, struct arena *arena,
	struct store_layer **rows, int *n, struct err *err)
{
	*rows = read_of_run(store, run_id, arena, n, layer_fields, sizeof **rows,
		" FROM layer WHERE run_id = ?1 ORDER BY position", err);
	return *rows ? 0 : -1;
}

int store_events(struct store *store, int64_t run_id, struct arena *arena,
	struct store_event_row **rows, int *n, struct err *err)
{
	*rows = read_of_run(store, run_id, arena, n, event_fields, sizeof **rows,
		" FROM event WHERE run_id = ?1 ORDER BY event_id", err);
	return *rows ? 0 : -1;
}

/* ---- checkpoints */

/* Appends one part; rows come in the order of their parts, which must be 0, 1, 2 ... */
static int read_part(struct store *store, sqlite3_stmt *statement, int part, char *content,
	size_t size, size_t *done)
{
	const void *bytes = sqlite3_column_blob(statement, 1);
	size_t length = (size_t)sqlite3_column_bytes(statement, 1);

	if (sqlite3_column_int(statement, 0) != part || length > size - *done || !bytes)
		return sql_refuse(store, "a part of the checkpoint is missing");
	memcpy(content + *done, bytes, length);
	*done += length;
	return 0;
}

static int read_content(
	struct store *store, int64_t run_id, const char *kind, char *content, size_t size)
{
	sqlite3_stmt *statement = sql_prepare(store,
		"SELECT part, content FROM checkpoint WHERE run_id = ?1 AND kind = ?2 "
		"ORDER BY part");
	int more = statement && !sql_bind(store, statement,
					SQL_VALUES(sql_int(run_id), sql_text(kind)))
			   ? 1
			   : -1;
	size_t done = 0;

	for (int part = 0; more > 0; part++) {
		more = sql_step(store, statement);
		if (more > 0 && read_part(store, statement, part, content, size, &done))
			more = -1;
	}
	sqlite3_finalize(statement);
	if (!more && done != size)
		return sql_refuse(store, "a part of the checkpoint is missing");
	return more;
}

/* What the first part and the sum over all say. */
struct checkpoint_head {
	int64_t parts, size, epoch, batch;
};

static const struct sql_field head_fields[] = {
	FIELD(INT, checkpoint_head, "count(*)", parts),
	FIELD(INT, checkpoint_head, "coalesce(sum(length(content)), 0)", size),
	FIELD(INT, checkpoint_head, "epoch", epoch),
	FIELD(INT, checkpoint_head, "batch", batch),
	{0},
};

static int read_checkpoint(struct store *store, int64_t run_id, struct arena *arena,
	struct store_checkpoint *out, void **content)
{
	int n;
	struct checkpoint_head *head = sql_rows(store, arena, &n, head_fields, sizeof *head,
		" FROM checkpoint WHERE run_id = ?1 AND kind = ?2",
		SQL_VALUES(sql_int(run_id), sql_text(out->kind)));

	if (!head)
		return -1;
	if (!head->parts)
		return 0;
	*content = malloc((size_t)head->size);
	if (!*content)
		return sql_refuse(store, "out of memory (%lld bytes)", (long long)head->size);
	out->epoch = (int)head->epoch;
	out->batch = (int)head->batch;
	out->size = (size_t)head->size;
	out->content = *content;
	return read_content(store, run_id, out->kind, *content, out->size);
}

/* One transaction, so that head and parts are of the same checkpoint. */
int store_checkpoint_load(struct store *store, int64_t run_id, const char *kind,
	struct store_checkpoint *out, void **content, struct err *err)
{
	struct arena arena = {0};
	int failed;

	*out = (struct store_checkpoint){.kind = kind};
	*content = NULL;
	sql_clear(store);
	failed = sql_script(store, "BEGIN") ||
		 read_checkpoint(store, run_id, &arena, out, content) || sql_commit(store);
	arena_release(&arena);
	if (!failed)
		return 0;
	free(*content);
	*content = NULL;
	*out = (struct store_checkpoint){.kind = kind};
	return sql_failed(store, err, "read the checkpoint of run %lld", (long long)run_id);
}
