/* show -- one run: what it is, its layers, its epochs and curves, how it ended. Without an argument
 * the latest one. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "runner/commands.h"
#include "runner/look.h"
#include "runner/recipe.h"
#include "runner/screen/curves.h"
#include "runner/screen/term.h"

enum { LAST_EPOCHS = 10, CURVE_ROWS = 8, PLAIN_WIDTH = 100 };

/* Everything about the run. */
struct shown {
	const struct look *look;
	struct store_run *run;
	struct store_layer *layers;
	struct store_epoch_row *epochs;
	struct store_point *points;
	struct store_event_row *events;
	int n_layers, n_epochs, n_points, n_events;
	struct arena arena;
};

/* ---- tables */

static const struct table_column layer_columns[] = {
	{.name = "path", .kind = TABLE_TEXT},
	{.name = "name", .kind = TABLE_TEXT, .rank = 2},
	{.name = "kind", .kind = TABLE_TEXT},
	{.name = "output_shape", .kind = TABLE_TEXT, .head = "output"},
	{.name = "parameters", .kind = TABLE_INT},
	{.name = "macs", .kind = TABLE_INT, .rank = 5, .head = "MACs"},
	{.name = "receptive_field", .kind = TABLE_TEXT, .rank = 6, .head = "field"},
};

static const struct table_column epoch_columns[] = {
	{.name = "epoch", .kind = TABLE_INT},
	{.name = "lr", .kind = TABLE_ANY, .rank = 6},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4, .rank = 1},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 4, .head = "train acc"},
	{.name = "val_loss", .kind = TABLE_REAL, .digits = 4, .rank = 5},
	{.name = "val_accuracy", .kind = TABLE_REAL, .digits = 4, .rank = 1, .head = "val acc"},
	{.name = "test_loss", .kind = TABLE_REAL, .digits = 4, .rank = 5},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 4, .head = "test acc"},
	{.name = "seconds", .kind = TABLE_REAL, .digits = 2, .rank = 8},
	{.name = "examples_per_second", .kind = TABLE_REAL, .rank = 7, .head = "examples/s"},
};

static const struct table_column point_columns[] = {
	{.name = "step", .kind = TABLE_INT},
	{.name = "epoch", .kind = TABLE_ANY},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4, .head = "train acc"},
};

static const struct table_column event_columns[] = {
	{.name = "at", .kind = TABLE_TEXT},
	{.name = "kind", .kind = TABLE_TEXT},
	{.name = "text", .kind = TABLE_TEXT},
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* Prints what `table` holds and frees it. */
static int show_table(const struct shown *shown, struct table *table, struct err *err)
{
	int failed = !table ||
		     table_print(table, stdout, shown->look->format, term_columns(stdout), err);

	table_free(table);
	return -failed;
}

static int show_layers(const struct shown *shown, struct err *err)
{
	struct table *table = table_new(layer_columns, COUNT(layer_columns), err);

	if (table)
		table_optional(table, "name");
	for (int i = 0; table && i < shown->n_layers; i++) {
		const struct store_layer *l = &shown->layers[i];

		table_text(table, l->path);
		table_text(table, l->name);
		table_text(table, l->kind);
		table_text(table, l->output_shape);
		table_int(table, l->parameters);
		table_int(table, l->macs);
		table_text(table, l->receptive_field);
	}
	return show_table(shown, table, err);
}

static int show_epochs(const struct shown *shown, int from, struct err *err)
{
	struct table *table = table_new(epoch_columns, COUNT(epoch_columns), err);

	if (table) {
		table_optional(table, "val_loss");
		table_optional(table, "val_accuracy");
	}
	for (int i = from; table && i < shown->n_epochs; i++) {
		const struct store_epoch_row *e = &shown->epochs[i];

		table_int(table, e->epoch);
		table_real(table, e->lr);
		table_real(table, e->metrics.train_loss);
		table_real(table, e->metrics.train_accuracy);
		table_real(table, e->metrics.val_loss);
		table_real(table, e->metrics.val_accuracy);
		table_real(table, e->metrics.test_loss);
		table_real(table, e->metrics.test_accuracy);
		table_real(table, e->seconds);
		table_real(table, e->examples_per_second);
	}
	return show_table(shown, table, err);
}

static int show_points(const struct shown *shown, struct err *err)
{
	struct table *table = table_new(point_columns, COUNT(point_columns), err);

	for (int i = 0; table && i < shown->n_points; i++) {
		table_int(table, shown->points[i].step);
		table_real(table, shown->points[i].position);
		table_real(table, shown->points[i].train_loss);
		table_real(table, shown->points[i].train_accuracy);
	}
	return show_table(shown, table, err);
}

static int show_events(const struct shown *shown, struct err *err)
{
	struct table *table = table_new(event_columns, COUNT(event_columns), err);

	for (int i = 0; table && i < shown->n_events; i++) {
		table_text(table, shown->events[i].at);
		table_text(table, shown->events[i].kind);
		table_text(table, shown->events[i].text);
	}
	return show_table(shown, table, err);
}

/* ---- the run itself, as one line of a table for programs and lines of text for people */

static const struct table_column run_columns[] = {
	{.name = "run_id", .kind = TABLE_INT},
	{.name = "name", .kind = TABLE_TEXT},
	{.name = "label", .kind = TABLE_TEXT},
	{.name = "status", .kind = TABLE_TEXT},
	{.name = "error", .kind = TABLE_TEXT},
	{.name = "dataset", .kind = TABLE_TEXT},
	{.name = "seed", .kind = TABLE_INT},
	{.name = "params", .kind = TABLE_TEXT},
	{.name = "config_path", .kind = TABLE_TEXT},
	{.name = "config", .kind = TABLE_TEXT},
	{.name = "created_at", .kind = TABLE_TEXT},
	{.name = "started_at", .kind = TABLE_TEXT},
	{.name = "finished_at", .kind = TABLE_TEXT},
	{.name = "seconds", .kind = TABLE_REAL, .digits = 2},
	{.name = "epochs", .kind = TABLE_INT},
	{.name = "epochs_done", .kind = TABLE_INT},
	{.name = "train_loss", .kind = TABLE_REAL, .digits = 4},
	{.name = "train_accuracy", .kind = TABLE_REAL, .digits = 4},
	{.name = "val_loss", .kind = TABLE_REAL, .digits = 4},
	{.name = "val_accuracy", .kind = TABLE_REAL, .digits = 4},
	{.name = "test_loss", .kind = TABLE_REAL, .digits = 4},
	{.name = "test_accuracy", .kind = TABLE_REAL, .digits = 4},
	{.name = "untrained_accuracy", .kind = TABLE_REAL, .digits = 4},
	{.name = "parameters", .kind = TABLE_INT},
	{.name = "macs", .kind = TABLE_INT},
	{.name = "examples_per_second", .kind = TABLE_REAL},
	{.name = "weights_hash", .kind = TABLE_TEXT},
	{.name = "run_hash", .kind = TABLE_TEXT},
	{.name = "variant_hash", .kind = TABLE_TEXT},
};

static int show_run(const struct shown *shown, struct err *err)
{
	const struct store_run *r = shown->run;
	struct table *table = table_new(run_columns, COUNT(run_columns), err);

	if (!table)
		return -1;
	table_int(table, r->run_id);
	table_text(table, r->name);
	table_text(table, *r->label ? r->label : NULL);
	table_text(table, r->status);
	table_text(table, r->error);
	table_text(table, r->dataset);
	table_int(table, r->seed);
	table_json(table, r->params);
	table_text(table, r->config_path);
	table_text(table, r->config);
	table_text(table, r->created_at);
	table_text(table, r->started_at);
	table_text(table, r->finished_at);
	table_real(table, r->seconds);
	table_int(table, r->epochs);
	table_int(table, r->epochs_done);
	table_real(table, r->metrics.train_loss);
	table_real(table, r->metrics.train_accuracy);
	table_real(table, r->metrics.val_loss);
	table_real(table, r->metrics.val_accuracy);
	table_real(table, r->metrics.test_loss);
	table_real(table, r->metrics.test_accuracy);
	table_real(table, r->untrained_accuracy);
	table_int(table, r->parameters);
	table_int(table, r->macs);
	table_real(table, r->examples_per_second);
	table_text(table, r->weights_hash);
	table_text(table, r->run_hash);
	table_text(table, r->variant_hash);
	return show_table(shown, table, err);
}

/* "  HEAD        TEXT", wrapped under itself. */
enum { SHOW_INDENT = 14 };

__attribute__((format(printf, 2, 3))) static void show_item(
	const char *head, const char *format, ...)
{
	va_list args;

	printf("  %-*s", SHOW_INDENT - 2, head);
	va_start(args, format);
	term_vsay(stdout, SHOW_INDENT, format, args);
	va_end(args);
}

/* "  NAME 0.872", or nothing when it was not measured. */
static void add_metric(char *text, size_t size, const char *name, double value)
{
	char number[TABLE_NUMBER];
	size_t used = strlen(text);

	if (!isnan(value))
		snprintf(text + used, size - used, "%s%s %s", used ? "  " : "", name,
			table_decimal(value, 4, number));
}

static void show_result(const struct store_run *r)
{
	const struct store_metrics *m = &r->metrics;
	char text[256] = "";

	if (!r->epochs_done)
		return;
	add_metric(text, sizeof text, "test accuracy", m->test_accuracy);
	add_metric(text, sizeof text, "test loss", m->test_loss);
	add_metric(text, sizeof text, "val accuracy", m->val_accuracy);
	add_metric(text, sizeof text, "train accuracy", m->train_accuracy);
	add_metric(text, sizeof text, "train loss", m->train_loss);
	show_item("result", "%s", text);
	if (!isnan(r->untrained_accuracy))
		show_item("untrained", "test accuracy %.4f", r->untrained_accuracy);
}

static void show_ending(const struct store_run *r)
{
	printf("  status      %s after %lld of %lld epochs", r->status, (long long)r->epochs_done,
		(long long)r->epochs);
	if (!isnan(r->seconds))
		printf(", %.1f s", r->seconds);
	if (!isnan(r->examples_per_second))
		printf(", %.0f examples/s", r->examples_per_second);
	printf("%s\n", r->run_hash ? "" : "; set aside: it was made again");
	if (r->error)
		show_item("why", "%s", r->error);
}

static void show_text(const char *head, const char *text)
{
	show_item(head, "%s", text);
}

static void show_summary(const struct store_run *r)
{
	printf("run %lld  %s%s%s\n", (long long)r->run_id, r->name, *r->label ? "  " : "",
		r->label);
	show_ending(r);
	show_result(r);
	if (r->config_path)
		show_item("config", "%s", r->config_path);
	recipe_tell(r, show_text);
	show_item("network", "%lld parameters, %lld multiply-adds an image",
		(long long)r->parameters, (long long)r->macs);
	if (r->started_at)
		show_item("started", "%s%s%s", r->started_at, r->finished_at ? ", ended " : "",
			r->finished_at ? r->finished_at : "");
	if (r->weights_hash)
		show_item("weights", "SHA-256 %s", r->weights_hash);
}

static void show_line(void *context, const char *text)
{
	(void)context;
	puts(text);
}

static void show_curves(const struct shown *shown)
{
	struct curves curves = {0};
	int width = term_columns(stdout);
	double end = (double)(shown->run->epochs_done > 0 ? shown->run->epochs_done : 1);

	for (int i = 0; i < shown->n_points; i++) {
		const struct store_point *p = &shown->points[i];

		curves_add(&curves, CURVE_TRAIN_LOSS, p->position, p->train_loss);
		curves_add(&curves, CURVE_TRAIN_ACCURACY, p->position, p->train_accuracy);
		end = fmax(end, p->position);
	}
	for (int i = 0; i < shown->n_epochs; i++)
		curves_add(&curves, CURVE_TEST_ACCURACY, (double)shown->epochs[i].epoch,
			shown->epochs[i].metrics.test_accuracy);
	if (shown->n_epochs || shown->n_points)
		putchar('\n');
	curves_draw(&curves, end, width ? width : PLAIN_WIDTH, CURVE_ROWS,
		term_look(stdout, false).unicode, show_line, NULL);
	curves_release(&curves);
}

/* ---- formats */

static int show_people(const struct shown *shown, struct err *err)
{
	int from = shown->n_epochs - LAST_EPOCHS;

	if (shown->look->all || from < 0)
		from = 0;
	show_summary(shown->run);
	for (int i = 0; i < shown->n_events; i++)
		show_item(shown->events[i].kind, "%s", shown->events[i].text);
	putchar('\n');
	if (show_layers(shown, err))
		return -1;
	if (shown->n_epochs) {
		putchar('\n');
		if (from)
			printf("the last %d of %d epochs (--all shows all)\n", LAST_EPOCHS,
				shown->n_epochs);
		if (show_epochs(shown, from, err))
			return -1;
	}
	show_curves(shown);
	return 0;
}

/* One object; `run` is a list of one, as each table is a list. */
static int show_json(const struct shown *shown, struct err *err)
{
	int failed;

	printf("{\"run\":\n");
	failed = show_run(shown, err);
	printf(", \"layers\":\n");
	failed = failed || show_layers(shown, err);
	printf(", \"epochs\":\n");
	failed = failed || show_epochs(shown, 0, err);
	printf(", \"points\":\n");
	failed = failed || show_points(shown, err);
	printf(", \"events\":\n");
	failed = failed || show_events(shown, err);
	printf("}\n");
	return -failed;
}

static int show_markdown(const struct shown *shown, struct err *err)
{
	printf("**run %lld: %s**%s%s\n\n", (long long)shown->run->run_id, shown->run->name,
		*shown->run->label ? " " : "", shown->run->label);
	if (show_layers(shown, err))
		return -1;
	putchar('\n');
	return show_epochs(shown, 0, err);
}

static int show_all(const struct shown *shown, struct err *err)
{
	switch (shown->look->format) {
	case TABLE_JSON:
		return show_json(shown, err);
	case TABLE_CSV: /* one table is all that CSV holds */
		return show_epochs(shown, 0, err);
	case TABLE_MARKDOWN:
		return show_markdown(shown, err);
	default:
		return show_people(shown, err);
	}
}

/* ---- reading */

static int show_read(struct shown *shown, struct store *store, struct err *err)
{
	int64_t id = shown->run->run_id;
	struct arena *arena = &shown->arena;

	return -(store_layers(store, id, arena, &shown->layers, &shown->n_layers, err) ||
		 store_epochs(store, id, arena, &shown->epochs, &shown->n_epochs, err) ||
		 store_points(store, id, arena, &shown->points, &shown->n_points, err) ||
		 store_events(store, id, arena, &shown->events, &shown->n_events, err));
}

static int show_command_run(int argc, char **argv)
{
	struct err err = {0};
	struct look look;
	struct shown shown = {.look = &look};
	struct store *store;
	int code;

	if (!look_parse(&look, &show_command, argc, argv, &code))
		return code;
	store = look_open(&look, &code);
	if (!store)
		return code;
	if (store_run_get(store, look.arg, &shown.arena, &shown.run, &err))
		code = command_failed(&err, EXIT_USAGE);
	else if (show_read(&shown, store, &err) || show_all(&shown, &err))
		code = command_failed(&err, EXIT_RUN_FAILED);
	arena_release(&shown.arena);
	store_close(store);
	return code;
}

static const struct flag flags[] = {
	{"all", 'a', NULL, "all epochs, not only the last ten"},
	LOOK_FLAGS,
	{0},
};

const struct command show_command = {
	.name = "show",
	.synopsis = "[RUN]",
	.help = "show one run: its layers, epochs and curves, and how it ended",
	.run = show_command_run,
	.flags = flags,
	.notes = "RUN is a number from `runner ls` or a name, which means its latest run; without "
		 "it the\n"
		 "latest run of all. --csv gives the epochs; --json everything.\n",
};
