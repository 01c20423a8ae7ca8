/* foreign -- see foreign.h. Asked only for names that are unknown here, so that an entry falls
 * silent once there is such a thing. */
#include "runner/config/foreign.h"

#include "layers/core/suggest.h"

static const struct {
	const char *name, *advice;
} foreign[] = {
	{"in_channels", "leave it out: it follows from the input"},
	{"in_features", "leave it out: it follows from the input"},
	{"num_features", "leave it out: it follows from the input"},
	{"input_shape", "leave it out: the data set says it"},
	{"input_size", "leave it out: the data set says it"},
	{"input_dim", "leave it out: the data set says it"},
	{"inplace", "leave it out: it changes no result"},
	{"padding_mode", "leave it out: what is padded is zero"},
	{"data_format", "leave it out: it changes no result"},
	{"num_workers", "leave it out: -j says how many cores work"},
	{"pin_memory", "leave it out: it changes no result"},
	{"device", "leave it out: training is done by this machine's cores (-j)"},
	{"drop_last", "leave it out: the last batch may be smaller"},
	{"T_max", "leave it out: the cosine ends with train.epochs"},
	{"eta_min", "write min, as a share of lr"},
	{"last_epoch", "leave it out: an interrupted run goes on by itself"},
	{"batch_norm2d", "this version has no batch normalisation"},
	{"batch_normalization", "this version has no batch normalisation"},
	{"batchnorm", "this version has no batch normalisation"},
	{"layer_norm", "this version has no layer normalisation"},
	{"group_norm", "this version has no group normalisation"},
	{"adaptive_avg_pool2d", "write avg_pool2d with the size of its input as kernel_size"},
	{"global_avg_pool2d", "write avg_pool2d with the size of its input as kernel_size"},
	{"global_average_pooling2d", "write avg_pool2d with the size of its input as kernel_size"},
	{"adaptive_max_pool2d", "write max_pool2d with the size of its input as kernel_size"},
	{"sequential", "write the layers one below the other, each with '- '"},
	{"reduce_lr_on_plateau", "the learning rate follows a plan here, as step or cosine do"},
};

const char *foreign_advice(const char *name)
{
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (suggestion_same(name, foreign[i].name))
			return foreign[i].advice;
	return NULL;
}
