/* kinds -- all kinds of this instruction set, from the lists in kinds.h. */
#include "layers/kinds.h"

#include "layers/load.h"
#include "layers/loss.h"
#include "layers/optimizer.h"
#include "layers/peak.h"

#define DECLARE_LAYER(name) extern const struct layer_kind PER_ISA(name##_kind);
#define DECLARE_LOSS(name) extern const struct loss_kind PER_ISA(name##_kind);
#define DECLARE_OPTIMIZER(name) extern const struct optimizer_kind PER_ISA(name##_kind);
#define LIST(name) &PER_ISA(name##_kind).kind,

LAYER_KINDS(DECLARE_LAYER)
LOSS_KINDS(DECLARE_LOSS)
OPTIMIZER_KINDS(DECLARE_OPTIMIZER)

static const struct kind *const layers[] = {LAYER_KINDS(LIST) NULL};
static const struct kind *const losses[] = {LOSS_KINDS(LIST) NULL};
static const struct kind *const optimizers[] = {OPTIMIZER_KINDS(LIST) NULL};

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const struct kinds PER_ISA(kinds) = {
	.isa = TEXT(ISA),
	.layers = layers,
	.losses = losses,
	.optimizers = optimizers,
	.load_bytes = PER_ISA(load_bytes),
	.load_floats = PER_ISA(load_floats),
	.accumulate = PER_ISA(accumulate),
	.peak_work = PER_ISA(peak_work),
};
