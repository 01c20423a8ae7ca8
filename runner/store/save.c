/* save -- what is written into the store; see store.h. Each public function is one transaction that
 * takes the write lock as it begins. A run can only be written by the worker that has claimed it:
 * each transaction holds an UPDATE under that condition, and is undone when it changed nothing. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "runner/store/sql.h"
#include "runner/store/store.h"
#include "runner/store/worker.h"

#define NOW "strftime('%Y-%m-%dT%H:%M:%fZ')"

enum { CHECKPOINT_PART = 64 << 20 };

static const char *const status_names[] = {
	[RUN_QUEUED] = "queued",
	[RUN_RUNNING] = "running",
	[RUN_DONE] = "done",
	[RUN_FAILED] = "failed",
	[RUN_DIVERGED] = "diverged",
	[RUN_INTERRUPTED] = "interrupted",
};

const char *run_status_name(enum run_status status)
{
	return status_names[status];
}

/* ---- a new run */

/* The names of the classes as a JSON list, to be freed; *failed when memory is out. */
static char *classes_json(const struct store_dataset *dataset, bool *failed)
{
	json_t *list = dataset->class_names ? json_array() : NULL;
	char *text;

	for (int i = 0; list && i < dataset->n_classes; i++)
		if (json_array_append_new(list, json_string(dataset->class_names[i]))) {
			json_decref(list);
			list = NULL;
		}
	text = list ? json_dumps(list, JSON_COMPACT) : NULL;
	json_decref(list);
	*failed = dataset->class_names && !text;
	return text;
}

static int save_dataset(struct store *store, const struct store_dataset *dataset)
{
	bool failed;
	char *classes = classes_json(dataset, &failed);
	int result;

	if (failed)
		return sql_refuse(store, "out of memory");
	result = sql_run(store,
		"INSERT INTO dataset (name, sha256, shape, n_classes, classes, train_count, "
		"test_count, test_labels) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO "
		"NOTHING",
		SQL_VALUES(sql_text(dataset->name), sql_text(dataset->sha256),
			sql_text(dataset->shape), sql_int(dataset->n_classes), sql_text(classes),
			sql_int(dataset->train_count), sql_int(dataset->test_count),
			dataset->test_labels
				? sql_blob(dataset->test_labels, (size_t)dataset->test_count)
				: sql_null()));
	free(classes);
	return result;
}

static int save_layers(struct store *store, int64_t run_id, const struct store_plan *plan)
{
	sqlite3_stmt *statement = sql_prepare(store,
		"INSERT INTO layer (run_id, position, path, name, kind, output_shape, parameters, "
		"macs, receptive_field) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
	int failed = statement ? 0 : -1;

	for (int i = 0; i < plan->n_layers && !failed; i++) {
		const struct store_layer *l = &plan->layers[i];

		failed = sql_again(store, statement,
			SQL_VALUES(sql_int(run_id), sql_int(i), sql_text(l->path),
				sql_text(l->name), sql_text(l->kind), sql_text(l->output_shape),
				sql_int(l->parameters), sql_int(l->macs),
				sql_text(l->receptive_field)));
	}
	sqlite3_finalize(statement);
	return failed;
}

/* JSON's true and false stay words; json_each would make them 1 and 0. */
static int save_params(struct store *store, int64_t run_id, const struct store_plan *plan)
{
	return sql_run(store,
		"INSERT INTO run_param (run_id, key, value) "
		"SELECT ?1, 'seed', ?2 UNION ALL "
		"SELECT ?1, 'params.' || key, iif(type IN ('true', 'false'), type, value) "
		"FROM json_each(?3) UNION ALL "
		"SELECT ?1, key, iif(type IN ('true', 'false'), type, value) "
		"FROM json_each(coalesce(?4, '{}')) WHERE key <> 'seed' AND key NOT GLOB "
		"'params.*'",
		SQL_VALUES(sql_int(run_id), sql_int(plan->seed), sql_text(plan->params),
			sql_text(plan->overrides)));
}

static int save_run(struct store *store, int64_t *run_id, const struct store_plan *plan)
{
	return sql_get(store, run_id,
		"INSERT INTO run (name, config_path, config, params, run_hash, variant_hash, "
		"prefix_hash, dataset, dataset_sha256, seed, created_at, epochs, parameters, macs) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, " NOW ", ?11, ?12, ?13) "
		"RETURNING run_id",
		SQL_VALUES(sql_text(plan->name), sql_text(plan->config_path),
			sql_text(plan->config), sql_text(plan->params), sql_text(plan->run_hash),
			sql_text(plan->variant_hash), sql_text(plan->prefix_hash),
			sql_text(plan->dataset->name), sql_text(plan->dataset->sha256),
			sql_int(plan->seed), sql_int(plan->epochs), sql_int(plan->parameters),
			sql_int(plan->macs)));
}

static int save_event(struct store *store, int64_t run_id, const char *kind, const char *text)
{
	return sql_run(store,
		"INSERT INTO event (run_id, at, kind, text) VALUES (?1, " NOW ", ?2, ?3)",
		SQL_VALUES(sql_int(run_id), sql_text(kind), sql_text(text)));
}

static int save_set_aside(struct store *store, int64_t run_id)
{
	if (sql_run(store,
		    "UPDATE run SET run_hash = NULL, "
		    "status = iif(status = 'running', 'interrupted', status) "
		    "WHERE run_id = ?1 AND NOT (status = 'running' AND worker_alive(worker_id))",
		    SQL_VALUES(sql_int(run_id))))
		return -1;
	if (!sql_changes(store))
		return sql_refuse(store,
			"run %lld is this one, and a living process is training it",
			(long long)run_id);
	return save_event(store, run_id, "note", "set aside: the run is made again");
}

static int save_plan(struct store *store, const struct store_plan *plan, bool again,
	int64_t *run_id, bool *created)
{
	if (sql_get(store, run_id, "SELECT run_id FROM run WHERE run_hash = ?1",
		    SQL_VALUES(sql_text(plan->run_hash))))
		return -1;
	*created = again || !*run_id;
	if (!*created)
		return 0;
	if (*run_id && save_set_aside(store, *run_id))
		return -1;
	return -(save_dataset(store, plan->dataset) || save_run(store, run_id, plan) ||
		 save_layers(store, *run_id, plan) || save_params(store, *run_id, plan));
}

int store_run_create(struct store *store, const struct store_plan *plan, bool again,
	int64_t *run_id, bool *created, struct err *err)
{
	*run_id = 0;
	*created = false;
	if (sql_begin(store) || save_plan(store, plan, again, run_id, created) || sql_commit(store))
		return sql_failed(store, err, "make a run of %s", plan->name);
	return 0;
}

/* ---- claiming */

int store_run_claim(struct store *store, int64_t run_id, bool *claimed, struct err *err)
{
	*claimed = false;
	sql_clear(store);
	if (!store->worker_id)
		sql_refuse(store, "this process is not registered as a worker");
	else if (!sql_run(store,
			 "UPDATE run SET status = 'running', worker_id = ?2, environment_id = ?3, "
			 "error = NULL, finished_at = NULL, started_at = coalesce(started_at, " NOW
			 ") "
			 "WHERE run_id = ?1 AND (status IN ('queued', 'interrupted', 'failed') OR "
			 "(status = 'running' AND NOT worker_alive(worker_id)))",
			 SQL_VALUES(sql_int(run_id), sql_int(store->worker_id),
				 sql_int(store->environment_id)))) {
		*claimed = sql_changes(store) == 1;
		return 0;
	}
	return sql_failed(store, err, "claim run %lld", (long long)run_id);
}

/* An UPDATE of the run has just been tried under the condition OURS (values 1 and 2: run and
 * worker). When it changed nothing, somebody else has the run. */
#define OURS " WHERE run_id = ?1 AND worker_id = ?2 AND status = 'running'"

static int save_is_ours(struct store *store, int64_t run_id)
{
	return sql_changes(store) == 1
		       ? 0
		       : sql_refuse(store, "run %lld is not this process's to write",
				 (long long)run_id);
}

static int save_touch(struct store *store, int64_t run_id)
{
	return -(sql_run(store, "UPDATE run SET status = status" OURS,
			 SQL_VALUES(sql_int(run_id), sql_int(store->worker_id))) ||
		 save_is_ours(store, run_id));
}

/* ---- epochs */

static int save_epoch_row(struct store *store, int64_t run_id, const struct store_epoch *e)
{
	if (sql_run(store,
		    "INSERT INTO epoch (run_id, epoch, lr, train_loss, train_accuracy, val_loss, "
		    "val_accuracy, test_loss, test_accuracy, seconds, examples_per_second, "
		    "weights_hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
		    "ON CONFLICT (run_id, epoch) DO UPDATE SET seconds = excluded.seconds, "
		    "examples_per_second = excluded.examples_per_second "
		    "WHERE weights_hash IS excluded.weights_hash",
		    SQL_VALUES(sql_int(run_id), sql_int(e->epoch), sql_real(e->lr),
			    sql_real(e->metrics.train_loss), sql_real(e->metrics.train_accuracy),
			    sql_real(e->metrics.val_loss), sql_real(e->metrics.val_accuracy),
			    sql_real(e->metrics.test_loss), sql_real(e->metrics.test_accuracy),
			    sql_real(e->seconds), sql_real(e->examples_per_second),
			    sql_text(e->weights_hash))))
		return -1;
	if (!sql_changes(store))
		return sql_refuse(store,
			"the epoch was trained again and its weights differ from the recorded ones "
			"(now %s)",
			e->weights_hash ? e->weights_hash : "none");
	return 0;
}

static int save_points(struct store *store, int64_t run_id, const struct store_point *points, int n)
{
	sqlite3_stmt *statement = sql_prepare(store,
		"INSERT OR REPLACE INTO point (run_id, step, epoch, train_loss, train_accuracy) "
		"VALUES (?1, ?2, ?3, ?4, ?5)");
	int failed = statement ? 0 : -1;

	for (int i = 0; i < n && !failed; i++)
		failed = sql_again(store, statement,
			SQL_VALUES(sql_int(run_id), sql_int(points[i].step),
				sql_real(points[i].position), sql_real(points[i].train_loss),
				sql_real(points[i].train_accuracy)));
	sqlite3_finalize(statement);
	return failed;
}

static int save_extra(struct store *store, int64_t run_id, const struct store_epoch *epoch)
{
	sqlite3_stmt *statement = sql_prepare(store,
		"INSERT OR REPLACE INTO metric (run_id, epoch, layer, name, value) "
		"VALUES (?1, ?2, ?3, ?4, ?5)");
	int failed = statement ? 0 : -1;

	for (int i = 0; i < epoch->n_extra && !failed; i++) {
		const struct store_metric *m = &epoch->extra[i];

		failed = sql_again(store, statement,
			SQL_VALUES(sql_int(run_id), sql_int(epoch->epoch),
				sql_text(m->layer ? m->layer : ""), sql_text(m->name),
				sql_real(m->value)));
	}
	sqlite3_finalize(statement);
	return failed;
}

/* The run's own columns follow its last epoch. */
static int save_last(struct store *store, int64_t run_id)
{
	if (sql_run(store,
		    "UPDATE run SET (epochs_done, train_loss, train_accuracy, val_loss, "
		    "val_accuracy, test_loss, test_accuracy, weights_hash) = "
		    "(SELECT epoch, train_loss, train_accuracy, val_loss, val_accuracy, test_loss, "
		    "test_accuracy, weights_hash FROM epoch WHERE run_id = ?1 "
		    "ORDER BY epoch DESC LIMIT 1), "
		    "seconds = (SELECT sum(seconds) FROM epoch WHERE run_id = ?1)" OURS,
		    SQL_VALUES(sql_int(run_id), sql_int(store->worker_id))))
		return -1;
	return save_is_ours(store, run_id);
}

static int save_checkpoint(struct store *store, int64_t run_id, const struct store_checkpoint *c)
{
	const char *content = c->content;
	sqlite3_stmt *statement;
	int failed, part = 0;
	size_t done = 0;

	if (sql_run(store, "DELETE FROM checkpoint WHERE run_id = ?1 AND kind = ?2",
		    SQL_VALUES(sql_int(run_id), sql_text(c->kind))))
		return -1;
	statement = sql_prepare(store,
		"INSERT INTO checkpoint (run_id, kind, epoch, batch, part, content) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
	failed = statement ? 0 : -1;
	while (!failed && done < c->size) {
		size_t size = c->size - done < CHECKPOINT_PART ? c->size - done : CHECKPOINT_PART;

		failed = sql_again(store, statement,
			SQL_VALUES(sql_int(run_id), sql_text(c->kind), sql_int(c->epoch),
				sql_int(c->batch), sql_int(part++),
				sql_blob(content + done, size)));
		done += size;
	}
	sqlite3_finalize(statement);
	return failed;
}

int store_epoch_save(
	struct store *store, int64_t run_id, const struct store_epoch *epoch, struct err *err)
{
	if (sql_begin(store) || save_touch(store, run_id) || save_epoch_row(store, run_id, epoch) ||
		save_points(store, run_id, epoch->points, epoch->n_points) ||
		save_extra(store, run_id, epoch) ||
		(epoch->checkpoint && save_checkpoint(store, run_id, epoch->checkpoint)) ||
		save_last(store, run_id) || sql_commit(store))
		return sql_failed(
			store, err, "save epoch %d of run %lld", epoch->epoch, (long long)run_id);
	return 0;
}

int store_checkpoint_save(struct store *store, int64_t run_id,
	const struct store_checkpoint *checkpoint, const struct store_point *points, int n_points,
	struct err *err)
{
	if (sql_begin(store) || save_touch(store, run_id) ||
		save_points(store, run_id, points, n_points) ||
		save_checkpoint(store, run_id, checkpoint) || sql_commit(store))
		return sql_failed(store, err, "save a checkpoint of run %lld", (long long)run_id);
	return 0;
}

/* ---- the end */

static int save_result(struct store *store, int64_t run_id, const struct store_result *r)
{
	if (sql_run(store,
		    "UPDATE run SET status = ?3, error = ?4, "
		    "best_epoch = coalesce(?5, best_epoch), "
		    "untrained_accuracy = coalesce(?6, untrained_accuracy), "
		    "examples_per_second = coalesce(?7, examples_per_second), "
		    "weights_hash = coalesce(weights_hash, ?8), "
		    "finished_at = iif(?3 = 'interrupted', NULL, " NOW ")" OURS,
		    SQL_VALUES(sql_int(run_id), sql_int(store->worker_id),
			    sql_text(run_status_name(r->status)), sql_text(r->error),
			    r->best_epoch ? sql_int(r->best_epoch) : sql_null(),
			    sql_real(r->untrained_accuracy), sql_real(r->examples_per_second),
			    sql_text(r->weights_hash))))
		return -1;
	return save_is_ours(store, run_id);
}

static int save_predictions(struct store *store, int64_t run_id, const struct store_result *result)
{
	for (int i = 0; i < result->n_predictions; i++) {
		const struct store_prediction *p = &result->predictions[i];

		if (sql_run(store,
			    "INSERT OR REPLACE INTO prediction (run_id, split, labels) "
			    "VALUES (?1, ?2, ?3)",
			    SQL_VALUES(sql_int(run_id), sql_text(p->split),
				    sql_blob(p->labels, (size_t)p->n))))
			return -1;
	}
	return 0;
}

int store_run_finish(
	struct store *store, int64_t run_id, const struct store_result *result, struct err *err)
{
	if (sql_begin(store) || save_result(store, run_id, result) ||
		save_points(store, run_id, result->points, result->n_points) ||
		save_predictions(store, run_id, result) || sql_commit(store))
		return sql_failed(store, err, "finish run %lld", (long long)run_id);
	return 0;
}

int store_event(
	struct store *store, int64_t run_id, const char *kind, const char *text, struct err *err)
{
	sql_clear(store);
	if (save_event(store, run_id, kind, text))
		return sql_failed(store, err, "note an event of run %lld", (long long)run_id);
	return 0;
}
