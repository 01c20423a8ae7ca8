/* signals -- see signals.h. The second signal, be it the same or the other one, finds the default
 * action, so that a hung process can be ended too; the store is whole at any moment. */
#include "runner/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop;

static void note(int number)
{
	stop = number;
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
}

void signals_watch(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int signals_stop(void)
{
	return stop;
}
