/*
 * parallel -- a loop over independent pieces, on several threads, for opening a data set.
 *
 * Which thread does which piece is left open: a piece must depend on its number alone. (Training
 * has the team of layers/core; this one lives for one loop.)
 */
#ifndef DATASETS_PARALLEL_H
#define DATASETS_PARALLEL_H

/* Calls work(context, i) once for each i in [0, n), on `threads` threads of which the caller is
 * one; 0: as many as this process may use cores. Where the system grants fewer, those do it all. */
void parallel_for(int n, int threads, void (*work)(void *context, int i), void *context);

#endif
