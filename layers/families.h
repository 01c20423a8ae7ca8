/*
 * families -- everything under layers/ that a config can name.
 *
 * Each function returns the table for the instruction set chosen at start (layers/network/isa.h).
 * The tables of all instruction sets hold the same names and options.
 */
#ifndef LAYERS_FAMILIES_H
#define LAYERS_FAMILIES_H

#include "layers/core/option.h"

const struct family *layer_family(void);     /* kinds are struct layer_kind (layers/layer.h) */
const struct family *loss_family(void);      /* struct loss_kind (layers/loss.h) */
const struct family *optimizer_family(void); /* struct optimizer_kind (layers/optimizer.h) */

/* These do not depend on the instruction set. */
extern const struct family init_family;     /* struct init_kind (layers/network/init.h) */
extern const struct family schedule_family; /* struct schedule_kind (layers/network/schedule.h) */

/* Settings that each layer has, whatever its kind (layer_family()->common). */
struct layer_init {
	bool given;
	struct spec weight, bias; /* of init_family; kind NULL: not said here */
};

struct layer_common {
	const char *name;       /* NULL: none */
	struct layer_init init; /* overrides the network's */
	struct literal weight;  /* inline weight; overrides init */
};

/* The options of `init:`, for the network or one layer: weight and bias. Short forms expand in
 * runner/config: `init: X` means {weight: X, bias: torch_default}, but {weight: X, bias: X} where
 * X is file, zeros or torch_default. */
extern const struct option init_options[];
extern const struct option layer_common_options[];

#endif
