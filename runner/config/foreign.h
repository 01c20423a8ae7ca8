/*
 * foreign -- what other frameworks have and this program does without: what to do instead. Names
 * that only differ are suggest.h's.
 */
#ifndef RUNNER_CONFIG_FOREIGN_H
#define RUNNER_CONFIG_FOREIGN_H

/* "leave it out: it follows from the input", for the name of an option or of a layer in any
 * spelling; NULL when there is nothing to say. */
const char *foreign_advice(const char *name);

#endif
