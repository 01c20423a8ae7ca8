/* signals -- see signals.h. The second signal finds the default action, so that a hung process can
 * be ended too; the store is whole at any moment. */
#include "runner/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t stop;

static void note(int signal)
{
	stop = signal;
}

void signals_watch(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = (int)SA_RESETHAND | SA_RESTART};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int signals_stop(void)
{
	return stop;
}
