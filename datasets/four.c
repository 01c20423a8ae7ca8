/* four -- see four.h. */
#include "datasets/four.h"

#include <string.h>

#include "datasets/parallel.h"

static enum idx_role role_of(int file)
{
	return file == TRAIN_IMAGES || file == TEST_IMAGES ? IDX_IMAGES : IDX_LABELS;
}

static void read_one(void *context, int i)
{
	struct four *four = context;

	idx_read(&four->idx[i], four->paths[i], role_of(i), &four->errs[i]);
}

int four_read(struct four *four, const struct catalogue_set *set, struct err *err)
{
	parallel_for(CATALOGUE_FILES, CATALOGUE_FILES, read_one, four);
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		const char *text = four->errs[i].text;

		if (four->errs[i].set && set)
			return err_set(
				err, "%s; delete it and type: runner fetch %s", text, set->name);
		if (four->errs[i].set)
			return err_at(err, four->places[i], "%s", text);
	}
	return 0;
}

static int check_pair(const struct four *four, int images, int labels, struct err *err)
{
	if (four->idx[images].n == four->idx[labels].n)
		return 0;
	return err_at(err, four->places[labels], "%s has %d images, but %s has %d labels",
		four->paths[images], four->idx[images].n, four->paths[labels], four->idx[labels].n);
}

static int check_labels(const struct four *four, int file, int n_classes, struct err *err)
{
	const struct idx *labels = &four->idx[file];
	enum { HEADER = 8 };

	for (int i = 0; i < labels->n; i++)
		if (labels->data[i] >= n_classes)
			return err_at(err, four->places[file],
				"%s: offset %d: found label %d (of image %d, counted from 0), but "
				"the %d classes are numbered 0 to %d",
				four->paths[file], HEADER + i, labels->data[i], i, n_classes,
				n_classes - 1);
	return 0;
}

int four_match(const struct four *four, int n_classes, struct err *err)
{
	const struct idx *train = &four->idx[TRAIN_IMAGES], *test = &four->idx[TEST_IMAGES];
	char a[SHAPE_TEXT], b[SHAPE_TEXT];

	if (check_pair(four, TRAIN_IMAGES, TRAIN_LABELS, err) ||
		check_pair(four, TEST_IMAGES, TEST_LABELS, err))
		return -1;
	if (!shape_equal(train->shape, test->shape))
		return err_at(err, four->places[TEST_IMAGES],
			"%s has images of %s, but %s has images of %s", four->paths[TRAIN_IMAGES],
			shape_text(a, train->shape), four->paths[TEST_IMAGES],
			shape_text(b, test->shape));
	return check_labels(four, TRAIN_LABELS, n_classes, err) ||
			       check_labels(four, TEST_LABELS, n_classes, err)
		       ? -1
		       : 0;
}

int four_mistaken(const struct four *four, const struct catalogue_set *set, struct err *err)
{
	for (int i = 0; i < CATALOGUE_FILES; i++) {
		int file;
		const struct catalogue_set *other = catalogue_of_data(four->idx[i].sha256, &file);

		if (other && (other != set || file != i))
			return err_set(err, "%s holds the %s of %s, not the %s of %s",
				four->paths[i], catalogue_files[file].what, other->name,
				catalogue_files[i].what, set->name);
	}
	return 0;
}

int four_published(const struct four *four, const struct catalogue_set *set, struct err *err)
{
	for (int i = 0; i < CATALOGUE_FILES; i++)
		if (strcmp(four->idx[i].sha256, set->sums[i].data_sha256))
			return err_set(err,
				"%s is not the published file: the SHA-256 of its data is %s, not "
				"%s; delete it and type: runner fetch %s (your own files are read "
				"by dataset: {name: idx, ...})",
				four->paths[i], four->idx[i].sha256, set->sums[i].data_sha256,
				set->name);
	return 0;
}

static int highest(const struct idx *labels)
{
	int most = 0;

	for (int i = 0; i < labels->n; i++)
		if (labels->data[i] > most)
			most = labels->data[i];
	return most;
}

int four_highest_label(const struct four *four)
{
	const int train = highest(&four->idx[TRAIN_LABELS]),
		  test = highest(&four->idx[TEST_LABELS]);

	return train > test ? train : test;
}

void four_release(struct four *four)
{
	for (int i = 0; i < CATALOGUE_FILES; i++)
		idx_release(&four->idx[i]);
}
