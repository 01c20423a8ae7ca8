/* select -- see select.h and dataset_select in dataset.h. */
#include "datasets/select.h"

#include <stdlib.h>

#include "layers/core/rng.h"

struct place select_place(const struct place *places, int row)
{
	if (!places)
		return (struct place){0};
	return places[row].line ? places[row] : places[ROW_NAME];
}

int select_check(const struct dataset_spec *spec, const struct place *places, int n_train,
	int n_test, struct err *err)
{
	const int rest = n_train - spec->validation;

	if (rest < 1)
		return err_at(err, select_place(places, ROW_VALIDATION),
			"validation takes %d of %d training images: none is left to train on",
			spec->validation, n_train);
	if (spec->train_limit > rest)
		return err_at(err, select_place(places, ROW_TRAIN_LIMIT),
			spec->validation
				? "train_limit is %d, but there are %d training images besides the "
				  "%d for validation"
				: "train_limit is %d, but there are %d training images",
			spec->train_limit, rest, spec->validation);
	if (spec->test_limit > n_test)
		return err_at(err, select_place(places, ROW_TEST_LIMIT),
			"test_limit is %d, but there are %d test images", spec->test_limit, n_test);
	return 0;
}

/* Marks `validation` of n images: the first ones of a random order. */
static int draw_validation(bool *validates, int validation, int n, int64_t seed, struct err *err)
{
	const struct rng rng = {.key = (uint64_t)seed, .purpose = RNG_VALIDATION};
	int32_t *order = malloc((size_t)n * sizeof *order);

	if (!order)
		return err_memory(err, (size_t)n * sizeof *order, "an order of images");
	rng_permute(&rng, order, n);
	for (int i = 0; i < validation; i++)
		validates[order[i]] = true;
	free(order);
	return 0;
}

/* Fills both lists, ascending. */
static int divide(struct selection *s, int validation, int n, int64_t seed, struct arena *arena,
	struct err *err)
{
	int32_t *train = arena_take(arena, (size_t)(n - validation) * sizeof *train, err);
	int32_t *chosen = arena_take(arena, (size_t)validation * sizeof *chosen, err);
	bool *validates = calloc((size_t)n, sizeof *validates);
	int rc = train && chosen ? 0 : -1;

	if (!rc && !validates)
		rc = err_memory(err, (size_t)n, "the choice of images");
	if (!rc && validation)
		rc = draw_validation(validates, validation, n, seed, err);
	for (int i = 0; i < n && !rc; i++) {
		if (validates[i])
			chosen[s->n_validation++] = i;
		else
			train[s->n_train++] = i;
	}
	free(validates);
	s->train = train;
	s->validation = chosen;
	return rc;
}

int dataset_select(struct selection *selection, const struct dataset *dataset,
	const struct dataset_spec *spec, const struct place *places, int64_t seed,
	struct arena *arena, struct err *err)
{
	const int n_train = dataset->train.n, n_test = dataset->test.n;

	if (select_check(spec, places, n_train, n_test, err))
		return -1;
	*selection = (struct selection){.dataset = dataset};
	if (divide(selection, spec->validation, n_train, seed, arena, err))
		return -1;
	if (spec->train_limit)
		selection->n_train = spec->train_limit;
	selection->n_test = spec->test_limit ? spec->test_limit : n_test;
	if (spec->normalize.given)
		pixel_values_set(&selection->values, spec->normalize.mean, spec->normalize.std);
	else
		pixel_values_set(&selection->values, 0, 1);
	return 0;
}
