/*
 * signals -- asked to stop: the first SIGINT or SIGTERM is noted and answered with a line on
 * stderr, the second ends the process.
 */
#ifndef RUNNER_SIGNALS_H
#define RUNNER_SIGNALS_H

/* The line, without its end. */
#define SIGNALS_ANSWER "stopping at the next batch; once more to leave at once"

/* From now on the first signal is only noted. */
void signals_watch(void);

/* The signal that asks to stop, or 0. Any thread. */
int signals_stop(void);

#endif
