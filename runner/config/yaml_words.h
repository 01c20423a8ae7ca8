/*
 * yaml_words -- libyaml's complaints in words that say what to change.
 *
 * libyaml knows where it stopped; the person has to change what made it stop, which is often
 * elsewhere: a bracket that is never closed, a missing space after a colon, a full-width `：`, a
 * tab. Each complaint is looked at together with the lines around it.
 */
#ifndef RUNNER_CONFIG_YAML_WORDS_H
#define RUNNER_CONFIG_YAML_WORDS_H

#include "runner/config/tree.h"

struct yaml_complaint {
	const char *problem; /* libyaml's; may be NULL */
	const char *context; /* what it was doing; NULL: nothing in particular */
	struct place at;     /* where it stopped */
	struct place from;   /* with a context: where that began */
};

/* Adds the error to config->diags. */
void yaml_complain(struct config *config, const struct yaml_complaint *complaint);

/* When the line of `place` has a character that looks like one of YAML's own and seems meant as it,
 * such as a full-width `：`: adds that as an error and returns true. */
bool yaml_tell_lookalike(struct config *config, struct place place);

#endif
