/*
 * store -- the SQLite file that keeps everything a run leaves behind.
 *
 * The tables, with the meaning and unit of every column, are schema.sql; the views for people are
 * views.sql; both are part of the program and written into each new file. This header is the only
 * way in for the rest of the program, in plain structs: nothing above it knows SQL.
 *
 * Life of a run
 *   store_run_create   one row, `queued`, for each run_hash; or the row that is there already
 *   store_run_claim    `running`, by this process alone
 *   store_epoch_save   an epoch with its points, metrics, checkpoint: all or nothing
 *   store_checkpoint_save   in between, in long epochs
 *   store_run_finish   `done`, `failed`, `diverged` or `interrupted`
 *
 * Who is alive. A process that trains is a *worker*: store_register gives it a number that is never
 * used again and locks the byte of that number in the file PATH.lock, which the kernel unlocks when
 * the process ends, however it ends. A `running` run whose worker's byte is free belongs to nobody:
 * the next process that opens the store for writing makes it `interrupted`, and anyone may claim
 * it.
 *
 * Other programs may read, and other runners write, at any time: WAL, short transactions, and a
 * wait of wait_ms for each other. A store belongs to one thread at a time. Arguments are borrowed
 * for the length of a call; no call keeps a pointer or returns a number that only the next
 * statement makes true, so that a writer thread with a queue may stand in between.
 *
 * Errors name the file and what was to be done, in words ("cannot save epoch 3 of run 7 in
 * runner.db: the disk is full"). After an error the transaction is undone and the store can be used
 * again. A number that is not there is NAN (here) and NULL (in the file); SQLite keeps no NaN.
 */
#ifndef RUNNER_STORE_STORE_H
#define RUNNER_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layers/core/arena.h"
#include "layers/core/err.h"
#include "runner/store/environment.h"

struct store;
struct sqlite3;

enum store_mode {
	STORE_READ, /* the file must exist; nothing is changed. Works on read-only media too */
	STORE_WRITE /* made where it does not exist */
};

/* How long another program's transaction is waited for. */
enum { STORE_WAIT_MS = 30000 };

/* store_open's answer in mode STORE_READ when there is no file; the error says what to type. */
enum { STORE_MISSING = -2 };

/*
 * Opens the file at `path`. Fails, in words, when it is not a database, belongs to another program,
 * was made by a newer runner, cannot be read or (STORE_WRITE) written, or stays locked for wait_ms.
 * Nothing is written into a file that is not ours. *out is NULL on failure.
 */
int store_open(
	struct store **out, const char *path, enum store_mode mode, int wait_ms, struct err *err);

/* Writes the log back into the file and closes it; NULL is fine. A run that this process claimed
 * and did not finish is `interrupted` from then on. */
void store_close(struct store *store);

/* $RUNNER_DB, or runner.db: where --db is not given. */
const char *store_default_path(void);

/* The connection, for `sql` and tests; borrowed. */
struct sqlite3 *store_handle(struct store *store);

/* ---- writing */

enum run_status { RUN_QUEUED, RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_DIVERGED, RUN_INTERRUPTED };

/* "queued" ... as the file has it. */
const char *run_status_name(enum run_status status);

/* The data that a run is trained on: one row of table `dataset` for each (name, sha256). */
struct store_dataset {
	const char *name;
	const char *sha256;              /* hex, of the data */
	const char *shape;               /* of one image: "1x28x28" */
	int n_classes;                   /* 0 with targets */
	const char *const *class_names;  /* n_classes texts, or NULL */
	int64_t train_count, test_count; /* images in the whole files */
	const uint8_t
		*test_labels; /* test_count true labels, or NULL; view `confusion` reads them */
};

struct store_layer {
	const char *path; /* "3.body.0" */
	const char *name; /* NULL: none was given */
	const char *kind;
	const char *output_shape;
	int64_t parameters;
	int64_t macs;                /* of one image forward, as DESIGN 8 counts them */
	const char *receptive_field; /* "14x14" pixels of the input; NULL: all of it or none */
};

/* A run as it is planned. */
struct store_plan {
	const char *name;
	const char *config_path; /* NULL: not from a file */
	const char *config;      /* the resolved YAML */
	const char *params;      /* JSON object: the knobs, {"pooling": "max_pool2d", ...} */
	const char *overrides;   /* JSON object: values of other swept or overridden keys by their
				  * whole   path, {"train.lr": 0.1}; NULL: none */
	const char *run_hash, *variant_hash;
	const char *prefix_hash; /* NULL: something depends on the number of epochs */
	const struct store_dataset *dataset;
	int64_t seed;
	int epochs;
	int64_t parameters, macs;
	const struct store_layer *layers;
	int n_layers;
};

/*
 * Makes the run `queued`, with its layers, its run_param rows and its data set, in one transaction,
 * and sets *run_id. A run with this run_hash that is there already is left as it is and its number
 * given (*created false), whoever made it and however it ended. With `again` it is set aside
 * instead: it keeps everything but its run_hash, which becomes NULL, and the views that compare
 * leave it out; fails when a living process is training it.
 */
int store_run_create(struct store *store, const struct store_plan *plan, bool again,
	int64_t *run_id, bool *created, struct err *err);

/* Makes this process a worker, unless it is one already; what it claims from now on is trained in
 * `environment`. Before every claim for which that differs. */
int store_register(struct store *store, const struct environment *environment, struct err *err);

/*
 * Makes a run that is queued, interrupted or failed, or whose worker is dead, `running` by this
 * process, in one UPDATE: of all processes that try, exactly one gets *claimed true. A run that
 * is done or diverged cannot be claimed. Its epochs and checkpoints, if it has any, are still
 * there.
 */
int store_run_claim(struct store *store, int64_t run_id, bool *claimed, struct err *err);

struct store_metrics {
	double train_loss, train_accuracy, val_loss, val_accuracy, test_loss, test_accuracy;
};

struct store_point {
	int64_t step;    /* updates done since the run began */
	double position; /* in epochs: 1.4 is 40 % into the second one */
	double train_loss, train_accuracy;
};

struct store_metric {
	const char *layer; /* path; NULL: the whole network */
	const char *name;  /* "weight_norm" ... */
	double value;
};

/* The whole state at a batch boundary; what is in `content` is the trainer's business. */
struct store_checkpoint {
	const char *kind; /* "last", "best": one of each kind is kept */
	int epoch;        /* epochs that are complete */
	int batch;        /* batches done of the next one */
	const void *content;
	size_t size; /* cut into parts of 64 MB in the file */
};

struct store_epoch {
	int epoch; /* from 1 */
	double lr;
	struct store_metrics metrics;
	double seconds;             /* the whole epoch */
	double examples_per_second; /* training alone */
	const char *weights_hash;
	const struct store_point *points;
	int n_points;
	const struct store_metric *extra; /* table `metric` */
	int n_extra;
	const struct store_checkpoint *checkpoint; /* NULL: none this time */
};

/*
 * Saves a complete epoch of a run that this process has claimed, and brings the run's own metrics,
 * epochs_done, seconds and weights_hash up to it; all in one transaction. An epoch that is there
 * already (trained again after an interruption) must have the same weights_hash: otherwise this
 * fails and says so.
 */
int store_epoch_save(
	struct store *store, int64_t run_id, const struct store_epoch *epoch, struct err *err);

/* Saves a checkpoint within an epoch, with the points since the last save (n_points may be 0). */
int store_checkpoint_save(struct store *store, int64_t run_id,
	const struct store_checkpoint *checkpoint, const struct store_point *points, int n_points,
	struct err *err);

/* Reads the checkpoint of a kind ("last"): *content is malloc'ed and the caller's; NULL with size 0
 * when there is none. `out` gets kind (as passed), epoch, batch, content and size. */
int store_checkpoint_load(struct store *store, int64_t run_id, const char *kind,
	struct store_checkpoint *out, void **content, struct err *err);

struct store_prediction {
	const char *split;     /* "test", "val" */
	const uint8_t *labels; /* the predicted class of each image, in the order of the split */
	int64_t n;
};

/* How a run ended; what is NAN, NULL or 0 here is left as the file has it. */
struct store_result {
	enum run_status status; /* RUN_DONE, RUN_FAILED, RUN_DIVERGED or RUN_INTERRUPTED */
	const char *error;      /* a sentence, where it did not end well */
	int best_epoch;
	double untrained_accuracy;        /* on the test images, before the first update */
	double examples_per_second;       /* over all training of the run */
	const char *weights_hash;         /* of a run that has no epochs */
	const struct store_point *points; /* since the last save: of an epoch that diverged */
	int n_points;
	const struct store_prediction *predictions;
	int n_predictions;
};

/* Ends a run that this process has claimed, in one transaction. */
int store_run_finish(
	struct store *store, int64_t run_id, const struct store_result *result, struct err *err);

/* Something worth remembering about a run, for people: kind "warning", "note" ... */
int store_event(
	struct store *store, int64_t run_id, const char *kind, const char *text, struct err *err);

/* ---- reading: texts and rows live in `arena` */

struct store_run {
	int64_t run_id;
	const char *name, *config_path;
	const char *config; /* NULL from store_runs, which leaves the long text out */
	const char *params; /* JSON object */
	const char *label;  /* what sets it apart from its like: "pooling=max_pool2d", or empty */
	const char *run_hash, *variant_hash, *prefix_hash; /* run_hash NULL: set aside */
	const char *dataset;
	const char *image_shape; /* "1x28x28" */
	int64_t seed;
	const char *status; /* as run_status_name; a dead process's `running` is "interrupted" */
	const char *created_at, *started_at, *finished_at; /* UTC, ISO 8601; may be NULL */
	double seconds;
	int64_t epochs, epochs_done, best_epoch; /* 0: none */
	struct store_metrics metrics;            /* of the last epoch */
	double untrained_accuracy, examples_per_second;
	int64_t parameters, macs;
	const char *weights_hash, *error; /* may be NULL */
};

/* All runs, oldest first. */
int store_runs(
	struct store *store, struct arena *arena, struct store_run **runs, int *n, struct err *err);

/* The run with this hash, or *run NULL. */
int store_run_find(struct store *store, const char *run_hash, struct arena *arena,
	struct store_run **run, struct err *err);

/* The run that a person means: its number, or a name (then the latest of that name that is not set
 * aside); NULL means the latest of all. Fails with the nearest name, or with what to type, when
 * there is none. */
int store_run_get(struct store *store, const char *which, struct arena *arena,
	struct store_run **run, struct err *err);

struct store_epoch_row {
	int64_t epoch;
	double lr;
	struct store_metrics metrics;
	double seconds, examples_per_second;
	const char *weights_hash;
};

int store_epochs(struct store *store, int64_t run_id, struct arena *arena,
	struct store_epoch_row **rows, int *n, struct err *err);
int store_points(struct store *store, int64_t run_id, struct arena *arena,
	struct store_point **rows, int *n, struct err *err);
int store_layers(struct store *store, int64_t run_id, struct arena *arena,
	struct store_layer **rows, int *n, struct err *err);

struct store_event_row {
	const char *at, *kind, *text;
};

int store_events(struct store *store, int64_t run_id, struct arena *arena,
	struct store_event_row **rows, int *n, struct err *err);

#endif
