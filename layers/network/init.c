/* init -- see init.h: which tensor starts how. The kinds are in init_kinds.c. */
#include "layers/network/init.h"

#include <string.h>

/* What fills one tensor. */
struct choice {
	const struct init_kind *kind; /* NULL: the tensor's start value */
	const void *options;
	struct place place;
	struct init_inline value; /* options of an inline weight */
};

static struct choice choice_of(const struct spec *spec)
{
	return (struct choice){
		.kind = (const struct init_kind *)spec->kind,
		.options = spec->options,
		.place = spec->place,
	};
}

static const struct init_kind *kind_called(const char *name)
{
	return (const struct init_kind *)family_find(&init_family, name);
}

/* The layer's, else the network's, else torch_default. */
static struct choice choose_given(const struct spec *layer, const struct spec *network)
{
	if (layer && layer->kind)
		return choice_of(layer);
	if (network->kind)
		return choice_of(network);
	return (struct choice){.kind = kind_called("torch_default")};
}

static void choose(
	struct choice *choice, const struct tensor *tensor, const struct layer_init *init)
{
	const struct layer_common *common = tensor->spec ? tensor->spec->common : NULL;
	const struct spec *weight = common ? &common->init.weight : NULL;

	if (tensor->role == TENSOR_BIAS) {
		*choice = choose_given(common ? &common->init.bias : NULL, &init->bias);
		return;
	}
	*choice = choose_given(weight, &init->weight);
	if (tensor->role != TENSOR_WEIGHT && choice->kind != kind_called("file"))
		choice->kind = NULL;
	if (tensor->role == TENSOR_WEIGHT && common && common->weight.data) {
		*choice = (struct choice){.kind = kind_called("inline"),
			.place = tensor->spec->place,
			.value = {common->weight}};
		choice->options = &choice->value;
	}
}

/* What a kind says of a tensor is told at the init's place, with the layer as a note; of an init
 * that nobody wrote, at the layer's. */
static int tell_where(const struct choice *choice, const struct tensor *tensor, struct err *err)
{
	if (!err || err->place.line)
		return -1;
	err->place = choice->place;
	if (tensor->spec && !err->place.line)
		err->place = tensor->spec->place;
	else if (tensor->spec && choice->options != &choice->value)
		err_note(err, tensor->spec->place, "this layer has the tensor");
	return -1;
}

static int fill(const struct tensor *tensor, const struct choice *choice,
	const struct init_work *work, float *out, struct err *err)
{
	if (!choice->kind) {
		for (size_t i = 0; i < tensor->size; i++)
			out[i] = tensor->start;
		return 0;
	}
	return choice->kind->fill(work, out, err);
}

int init_network(const struct network *network, const struct layer_init *init, uint64_t seed,
	const char *config_dir, float *trained, float *buffers, struct err *err)
{
	if (init_check(network, init, config_dir, err))
		return -1;
	memset(trained, 0, network->n_trained * sizeof *trained);
	if (network->n_buffers)
		memset(buffers, 0, network->n_buffers * sizeof *buffers);
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *tensor = &network->tensors[i];
		float *block = tensor->role == TENSOR_BUFFER ? buffers : trained;
		struct init_work work = {.tensor = tensor,
			.ordinal = (uint16_t)i,
			.seed = seed,
			.config_dir = config_dir};
		struct choice choice;

		choose(&choice, tensor, init);
		work.options = choice.options;
		if (fill(tensor, &choice, &work, block + tensor->at, err))
			return tell_where(&choice, tensor, err);
	}
	return 0;
}

/* An inline weight needs a tensor that it fills. */
static int check_inline(const struct network *network, const struct spec *spec, struct err *err)
{
	const struct layer_common *common = spec ? spec->common : NULL;

	if (!common || !common->weight.data)
		return 0;
	for (int i = 0; i < network->n_tensors; i++)
		if (network->tensors[i].spec == spec && network->tensors[i].role == TENSOR_WEIGHT)
			return 0;
	return err_at(err, spec->place, "%s has no weight that could be given", spec->kind->name);
}

int init_check(const struct network *network, const struct layer_init *init, const char *config_dir,
	struct err *err)
{
	for (int i = 0; i < network->n_rows; i++)
		if (check_inline(network, network->rows[i].spec, err))
			return -1;
	for (int i = 0; i < network->n_tensors; i++) {
		struct init_work work = {.tensor = &network->tensors[i], .config_dir = config_dir};
		struct choice choice;

		choose(&choice, work.tensor, init);
		work.options = choice.options;
		if (choice.kind && choice.kind->fits && choice.kind->fits(&work, err))
			return tell_where(&choice, work.tensor, err);
	}
	return 0;
}

bool init_from_file(const struct network *network, const struct layer_init *init)
{
	for (int i = 0; i < network->n_tensors; i++) {
		struct choice choice;

		choose(&choice, &network->tensors[i], init);
		if (choice.kind == kind_called("file"))
			return true;
	}
	return false;
}
