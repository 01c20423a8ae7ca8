/*
 * fused -- a convolution with the activation and the pooling behind it, as one step.
 *
 * The step goes through the image in strips of a few rows: the rows of the convolution, their
 * activation, their pooling, each while its input is still in the cache; backward likewise makes
 * the rows of the convolution's gradient just before they are summed into that of the weights. It
 * calls the kernels that the three steps would call by themselves, so every bit is the same; what
 * lies between them is kept only where backward reads it.
 *
 * shape   those of the parts
 * when    conv2d, then an activation or a pool with windows apart from each other, or both in this
 *         order, and nobody else reads what lies between; network_request.unfused forbids it
 * memory  the activation's output and the gradient of the convolution's, nothing else; a strip
 * checks  tests/unit/test_fused.c: the same bits as the parts, over shapes, activations and pools
 */
#ifndef LAYERS_FUSED_H
#define LAYERS_FUSED_H

#include "layers/layer.h"

/* step_ops.fuse of conv2d. */
int PER_ISA(fuse_conv2d)(struct plan *plan, int conv, struct err *err);

#endif
