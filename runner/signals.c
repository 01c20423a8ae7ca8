/* signals -- see signals.h. The second signal, be it the same or the other one, finds the default
 * action, so that a hung process can be ended too; the store is whole at any moment. */
#include "runner/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static bool on_terminal;

static void answer(void)
{
	static const char line[] = "\r" SIGNALS_ANSWER "\n"; /* over the terminal's ^C */
	size_t from = on_terminal ? 0 : 1;

	if (write(STDERR_FILENO, line + from, sizeof line - 1 - from) < 0)
		return; /* nobody hears it */
}

static void note(int number)
{
	int error = errno;

	stop = number;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	answer();
	errno = error;
}

void signals_watch(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

	on_terminal = isatty(STDERR_FILENO);
	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int signals_stop(void)
{
	return stop;
}
