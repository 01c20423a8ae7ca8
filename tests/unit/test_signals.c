/* Signals: the first is noted, the second ends the process, whichever of the two it is. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "runner/signals.h"

/* The signal that ends a process which gets `first` and then `second`; 0 when it goes on, -1 when
 * it does not note the first. */
static int ends_by(int first, int second)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		signals_watch();
		raise(first);
		if (signals_stop() != first)
			_exit(1);
		raise(second);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void test_second(void **unused)
{
	(void)unused;
	assert_int_equal(ends_by(SIGINT, SIGINT), SIGINT);
	assert_int_equal(ends_by(SIGINT, SIGTERM), SIGTERM);
	assert_int_equal(ends_by(SIGTERM, SIGINT), SIGINT);
	assert_int_equal(ends_by(SIGTERM, SIGTERM), SIGTERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_second)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
