/* ls, show and sql on a planted store: what they print, in each format, and how they exit. */
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "runner/commands.h"
#include "tests/support/files.h"
#include "tests/support/planted.h"

/* What a command printed; until the next one. */
static char *out, *told;

/* Points descriptor `fd` to a new file; returns what it was. */
static int divert(int fd, FILE *stream, const char *path)
{
	int was, file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	fflush(stream);
	was = dup(fd);
	assert_true(file >= 0 && was >= 0 && dup2(file, fd) == fd);
	close(file);
	return was;
}

static char *restore(int fd, FILE *stream, int was, const char *path)
{
	size_t n;
	char *bytes, *text;

	fflush(stream);
	assert_int_equal(dup2(was, fd), fd);
	close(was);
	bytes = (char *)files_read(path, &n);
	text = calloc(1, n + 1);
	assert_non_null(text);
	memcpy(text, bytes, n);
	free(bytes);
	return text;
}

/* Runs `command` with the arguments up to NULL, and --db of the planted store. */
static int type(struct planted *planted, const struct command *command, ...)
{
	const char *out_path = files_path(planted->folder, "out");
	const char *told_path = files_path(planted->folder, "told");
	char *argv[16], *arg;
	int argc = 0, code, was_out, was_told;
	va_list args;

	argv[argc++] = (char *)(uintptr_t)command->name;
	va_start(args, command);
	while ((arg = va_arg(args, char *)))
		argv[argc++] = arg;
	va_end(args);
	argv[argc++] = (char *)(uintptr_t) "--db";
	argv[argc++] = planted->path;
	argv[argc] = NULL;
	free(out);
	free(told);
	was_out = divert(STDOUT_FILENO, stdout, out_path);
	was_told = divert(STDERR_FILENO, stderr, told_path);
	code = command->run(argc, argv);
	out = restore(STDOUT_FILENO, stdout, was_out, out_path);
	told = restore(STDERR_FILENO, stderr, was_told, told_path);
	return code;
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void plant(struct planted *planted)
{
	struct store_metrics metrics = {0.5, 0.8, NAN, NAN, 0.625, 0.75};
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id;
	bool created;

	planted_plan(&plan, "lenet", 1, 0, "{\"pooling\": \"avg_pool2d\"}");
	planted_run(planted, &plan, &metrics, RUN_DONE);
	planted_plan(&plan, "lenet", 2, 0, "{\"pooling\": \"max_pool2d\"}");
	metrics.test_accuracy = 0.8765;
	run_id = planted_run(planted, &plan, &metrics, RUN_DONE);
	assert_int_equal(store_event(planted->store, run_id, "note", "在平台上", &err), 0);
	planted_plan(&plan, "mlp", 3, 5, "{}");
	assert_int_equal(
		store_run_create(planted->store, &plan.plan, false, &run_id, &created, &err), 0);
}

static void ls_lists_runs(void **state)
{
	struct planted *planted = *state;

	assert_int_equal(type(planted, &ls_command, NULL), EXIT_DONE);
	assert_string_equal(out, "run  name  dataset  seed  status  done  epochs  train loss  "
				 "train acc  test acc  seconds\n");
	has(told, "has no runs yet; `runner CONFIG` makes one");
	plant(planted);
	assert_int_equal(type(planted, &ls_command, NULL), EXIT_DONE);
	assert_string_equal(out,
		"run  name   label               dataset  seed  status  done  epochs  train loss  "
		"train acc  test acc  seconds\n"
		"  1  lenet  pooling=avg_pool2d  five        0  done       1      10      0.5000  "
		"   0.8000    0.7500      2.0\n"
		"  2  lenet  pooling=max_pool2d  five        0  done       1      10      0.5000  "
		"   0.8000    0.8765      2.0\n"
		"  3  mlp    -                   five        5  queued     0      10           -  "
		"        -         -        -\n");
	assert_string_equal(told, "");
	assert_int_equal(type(planted, &ls_command, "m*", "--csv", NULL), EXIT_DONE);
	assert_string_equal(out,
		"run_id,name,label,dataset,seed,status,epochs_done,epochs,train_loss,"
		"train_accuracy,val_accuracy,test_accuracy,seconds,set_aside\r\n"
		"3,mlp,,five,5,queued,0,10,,,,,,\r\n");
	assert_int_equal(type(planted, &ls_command, "--json", "--csv", NULL), EXIT_USAGE);
	has(told, "error: one format at a time");
	assert_int_equal(type(planted, &ls_command, "x", NULL), EXIT_DONE);
	has(told, "none of the 3 runs");
}

static void ls_hides_what_was_set_aside(void **state)
{
	struct planted *planted = *state;
	struct planted_plan plan;
	struct err err = {0};
	int64_t run_id;
	bool created;

	plant(planted);
	planted_plan(&plan, "lenet", 1, 0, "{\"pooling\": \"avg_pool2d\"}");
	assert_int_equal(
		store_run_create(planted->store, &plan.plan, true, &run_id, &created, &err), 0);
	assert_int_equal(type(planted, &ls_command, NULL), EXIT_DONE);
	assert_null(strstr(out, "\n  1  "));
	assert_int_equal(type(planted, &ls_command, "-a", NULL), EXIT_DONE);
	has(out, "\n  1  ");
	has(out, "set aside");
}

static void show_tells_all(void **state)
{
	struct planted *planted = *state;
	json_t *all;

	plant(planted);
	assert_int_equal(type(planted, &show_command, "2", NULL), EXIT_DONE);
	has(out, "run 2  lenet  pooling=max_pool2d\n"
		 "  status      done after 1 of 10 epochs, 2.0 s, 30 examples/s\n"
		 "  result      test accuracy 0.8765  test loss 0.6250  train accuracy 0.8000");
	has(out, "  note        在平台上\n");
	has(out, "0     -       conv2d   6x28x28         156  117600  5x5\n");
	has(out, "1     squash  sigmoid  6x28x28           0       0  5x5\n");
	has(out, "    1  0.5      0.5000     0.8000     0.6250    0.8765     2.00          30\n");
	assert_int_equal(type(planted, &show_command, "lenet", "--json", NULL), EXIT_DONE);
	all = json_loads(out, 0, NULL);
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(json_object_get(all, "run"), 0), "run_id")),
		2);
	assert_int_equal(json_array_size(json_object_get(all, "layers")), 2);
	assert_int_equal(json_array_size(json_object_get(all, "epochs")), 1);
	assert_int_equal(json_array_size(json_object_get(all, "points")), 0);
	assert_int_equal(json_array_size(json_object_get(all, "events")), 1);
	json_decref(all);
	assert_int_equal(type(planted, &show_command, "1", "--csv", NULL), EXIT_DONE);
	has(out, "\r\n1,0.5,0.5,0.8,,,0.625,0.75,2,30\r\n");
	assert_int_equal(type(planted, &show_command, NULL), EXIT_DONE);
	has(out, "run 3  mlp\n  status      queued after 0 of 10 epochs\n");
	assert_int_equal(type(planted, &show_command, "2", "--md", NULL), EXIT_DONE);
	has(out, "| 0 | - | conv2d | 6x28x28 | 156 | 117600 | 5x5 |\n");
}

static void show_says_what_it_cannot_find(void **state)
{
	struct planted *planted = *state;

	plant(planted);
	assert_int_equal(type(planted, &show_command, "lenett", NULL), EXIT_USAGE);
	has(told, "error: there is no run lenett");
	has(told, "did you mean 'lenet'");
	assert_int_equal(type(planted, &show_command, "1", "2", NULL), EXIT_USAGE);
	assert_int_equal(type(planted, &show_command, "--jsn", NULL), EXIT_USAGE);
	has(told, "error: there is no flag --jsn of `runner show`; did you mean 'json'?");
	assert_int_equal(type(planted, &show_command, "-x", NULL), EXIT_USAGE);
	has(told, "error: there is no flag -x of");
	assert_int_equal(type(planted, &show_command, "--all=1", NULL), EXIT_USAGE);
	has(told, "error: the flag --all=1 takes no value");
	assert_int_equal(type(planted, &export_command, "lenett", NULL), EXIT_USAGE);
	has(told, "error: there is no run lenett");
	assert_int_equal(type(planted, &show_command, "--help", NULL), EXIT_DONE);
	has(out, "--db FILE");
}

static void a_missing_store_says_what_to_type(void **state)
{
	struct planted *planted = *state;

	store_close(planted->store);
	planted->store = NULL;
	unlink(planted->path);
	assert_int_equal(type(planted, &ls_command, NULL), EXIT_USAGE);
	has(told, "there is no store at ");
	has(told, "`runner CONFIG`");
	assert_int_equal(type(planted, &show_command, NULL), EXIT_USAGE);
	assert_int_equal(type(planted, &sql_command, NULL), EXIT_USAGE);
	assert_true(access(planted->path, F_OK));
	files_write(planted->path, "this is not a database, however long it may be", 46);
	assert_int_equal(type(planted, &ls_command, NULL), EXIT_RUN_FAILED);
	has(told, "not an SQLite database");
}

static void sql_answers(void **state)
{
	struct planted *planted = *state;

	plant(planted);
	assert_int_equal(type(planted, &sql_command,
				 "SELECT run_id, name, test_accuracy AS a FROM run ORDER BY 1;"
				 "SELECT test_labels FROM dataset",
				 NULL),
		EXIT_DONE);
	assert_string_equal(out, "run_id  name        a\n"
				 "     1  lenet    0.75\n"
				 "     2  lenet  0.8765\n"
				 "     3  mlp         -\n"
				 "test_labels\n"
				 "(5 bytes)\n");
	assert_int_equal(type(planted, &sql_command, NULL), EXIT_DONE);
	has(out, "leaderboard");
	assert_int_equal(type(planted, &sql_command, "SELEC 1", NULL), EXIT_USAGE);
	has(told, "error: near \"SELEC\": syntax error");
	assert_int_equal(type(planted, &sql_command, "DELETE FROM run", NULL), EXIT_USAGE);
	has(told, "readonly");
	assert_int_equal(planted_int(planted->store, "SELECT count(*) FROM run"), 3);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, planted_setup, planted_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(ls_lists_runs),
		CASE(ls_hides_what_was_set_aside),
		CASE(show_tells_all),
		CASE(show_says_what_it_cannot_find),
		CASE(a_missing_store_says_what_to_type),
		CASE(sql_answers),
	};
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("LC_ALL", "C.UTF-8", 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(out);
	free(told);
	return failed;
}
