/* adamw -- adam with the weight decay beside the step: formulas and options in adam.h; the default
 * of weight_decay is 0.01, as in torch. */
#ifndef LAYERS_OPTIMIZERS_ADAMW_H
#define LAYERS_OPTIMIZERS_ADAMW_H

#include "layers/optimizers/adam.h"

#endif
