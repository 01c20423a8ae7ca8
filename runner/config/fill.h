/*
 * fill -- from the tree of a config to structs, by option tables (layers/core/option.h).
 *
 * Every value is checked against its row: type, range, choices, kinds of the family, and whether it
 * is there at all. Whatever is wrong is added to config->diags with what was expected, what was
 * found and the nearest name; filling goes on, so that all errors of a config are found at once.
 * After an error the struct holds zeros in its place. What is filled lives in config->arena.
 */
#ifndef RUNNER_CONFIG_FILL_H
#define RUNNER_CONFIG_FILL_H

#include "layers/core/option.h"
#include "runner/config/tree.h"

/* Whose options are being filled: for messages, and for specs of the kind's own family. */
struct owner {
	const char *name;            /* "conv2d", "train"; NULL: the config itself */
	struct place place;          /* where an option that is missing would be missed */
	const struct family *family; /* of the kind; NULL: none */
};

/* Fills the struct at `base` from `map`; NULL: with the defaults, and zeros where there are none.
 */
void fill_options(struct config *config, const struct option *options, void *base, struct node *map,
	const struct owner *owner);

/* The same for a kind, whose own options and those common to its family stand in one map. `skip` is
 * a key of the map that is no option; NULL: none. */
struct target {
	const struct option *options; /* NULL: none */
	void *base;
};

void fill_targets(struct config *config, const struct target targets[2], struct node *map,
	const char *skip, const struct owner *owner);

/* One option from its default. */
void fill_default(
	struct config *config, const struct option *option, void *base, const struct owner *owner);

/* The place of each option's value in `map`, in the table's order; line 0 where it is not given.
 * NULL, with config->stop, without memory. */
const struct place *fill_places(
	struct config *config, const struct option *options, const struct node *map);

/* Whether a bound means anything; the largest numbers stand in tables for none. */
bool option_has_min(const struct option *option);
bool option_has_max(const struct option *option);

/* What an option takes: "a whole number of at least 1 or [h, w]". */
enum { EXPECTATION = 512 };
char *option_expectation(
	const struct option *option, const struct family *family, char text[EXPECTATION]);

#endif
