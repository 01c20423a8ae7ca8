/*
 * option -- tables of what a user can write, for everything that can be named in a config.
 *
 * Whatever has settings (a layer, a loss, the training, a data set ...) describes them in one table
 * of `struct option` that ends in a row {0}. From this table come parsing, errors, `describe`, the
 * JSON Schema, the tables in README, the resolved config and the boundary tests; nothing repeats
 * it. The table says where in the settings' struct each value goes; runner/config/fill.c writes it
 * there from the tree of a config.
 *
 * A *kind* is one thing out of a *family* of alternatives (conv2d among the layers, adam among the
 * optimizers); a *spec* is a kind with its options filled, as the user declared it. In a config a
 * spec is written as `relu`, as `leaky_relu: {negative_slope: 0.1}`, or as
 * `{name: leaky_relu, negative_slope: 0.1}`.
 */
#ifndef LAYERS_CORE_OPTION_H
#define LAYERS_CORE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "layers/core/err.h"

/* The comment names the C type at `offset`. Pointers in these types are borrowed from the arena of
 * the config. An optional value without a default (fallback "null") leaves zeros. */
enum option_type {
	OPTION_BOOL = 1, /* bool */
	OPTION_INT,      /* int */
	OPTION_INT64,    /* int64_t */
	OPTION_NUMBER,   /* double */
	OPTION_TEXT,     /* const char *, UTF-8 */
	OPTION_CHOICE,   /* int: the index in `choices` */
	OPTION_PAIR,     /* struct pair: n, or [h, w] */
	OPTION_PADDING,  /* struct padding: n, [h, w], [top, bottom, left, right] or same */
	OPTION_INTS,     /* struct ints: a list of whole numbers */
	OPTION_NUMBERS,  /* struct numbers: a list of numbers, or one number */
	OPTION_TEXTS,    /* struct texts: a list of texts */
	OPTION_TENSOR,   /* struct literal: lists in lists of numbers, rows of equal length */
	OPTION_SPEC,     /* struct spec of `family` */
	OPTION_SPECS,    /* struct specs of `family`: a list */
	OPTION_BRANCHES, /* struct branches of `family`: a list of lists */
	OPTION_GROUP,    /* a struct whose first member is `bool given`; `group` is its table */
	OPTION_RAW       /* bool: given; any value, read by code of its own */
};

struct pair {
	int h, w;
};

struct padding {
	bool same; /* output size = ceil(input size / stride); the four are then set by plan */
	int top, bottom, left, right;
};

struct ints {
	int n;
	int *at;
};

struct numbers {
	int n;
	double *at;
};

struct texts {
	int n;
	const char **at;
};

enum { LITERAL_RANK = 6 };

/* rank 0 with data is a single number; data NULL means that none was given. Row-major. */
struct literal {
	int rank;
	int dims[LITERAL_RANK];
	float *data;
};

struct option {
	const char *name;
	enum option_type type;
	size_t offset;
	const char *fallback; /* the default as YAML flow text; NULL: required; "null": none */
	double min, max;      /* inclusive, of each number; both 0: any finite one */
	bool above_min;       /* the minimum itself is excluded */
	bool below_max;       /* the maximum itself is excluded */
	const char *const *choices; /* OPTION_CHOICE: ends in NULL */
	/* OPTION_SPEC, OPTION_SPECS, OPTION_BRANCHES: one of the two; neither, in a kind's own
	 * table: the family that the kind belongs to */
	const struct family *family;
	const struct family *(*family_of)(void); /* for families that are chosen at start */
	const struct option *group;
	const char *help; /* short, lowercase, without a full stop; units where they matter */
};

struct spec;

struct kind {
	const char *name;
	const char *help;             /* one line, as above */
	const struct option *options; /* NULL: none */
	size_t size;                  /* of the struct that the options fill */

	/* What no single option can say: are these filled options possible together? -1 with err at
	 * the place of one of them. NULL: whatever the table allows is possible. */
	int (*check)(const struct spec *spec, struct err *err);
};

struct family {
	const char *noun;                /* "layer", "optimizer" ...: for messages */
	const struct kind *const *kinds; /* ends in NULL */
	const struct option *common;     /* options that every kind of the family has, or NULL */
	size_t common_size;
};

struct spec {
	const struct kind *kind;    /* NULL: none was given */
	void *options;              /* kind->size bytes */
	void *common;               /* family->common_size bytes */
	struct place place;         /* of the kind's name */
	const struct place *places; /* of each option in the table's order; line 0: its default */
};

struct specs {
	int n;
	struct spec *at;
};

struct branches {
	int n;
	struct specs *at;
};

/* The family of the option's specs; NULL when the option names none. */
const struct family *option_family(const struct option *option);

/* The kind called `name`, or NULL. */
const struct kind *family_find(const struct family *family, const char *name);

/* The check of the spec's kind, if it has one: for who fills a spec. */
int spec_check(const struct spec *spec, struct err *err);

/* Where the user wrote option `name` of the spec's kind; the spec's own place where he did not. */
struct place spec_place(const struct spec *spec, const char *name);

#endif
