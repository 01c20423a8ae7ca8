/*
 * dataset -- images with labels, read once and shared by all runs of the process.
 *
 * A *dataset* holds the whole training and test files in one read-only copy. A *selection* is what
 * one run takes of it: which images train, which validate, which test, and what number each pixel
 * value becomes. Two runs with other limits, validation splits or normalisations share the copy.
 *
 * The options of `dataset:` in a config stand in dataset_options (dataset.c). `name` is one of the
 * catalogue (mnist, fashion-mnist), `glyphs` (drawn by the program itself), `idx` (a person's own
 * IDX files, given by path) or `folder` (PNG files, one folder a class).
 */
#ifndef DATASETS_DATASET_H
#define DATASETS_DATASET_H

#include <stdint.h>

#include "layers/core/arena.h"
#include "layers/core/option.h"
#include "layers/core/pixel_values.h"
#include "layers/core/shape.h"

struct dataset_normalize {
	bool given;
	double mean, std; /* of pixels in [0, 1] */
};

/* What `dataset:` says; filled from dataset_options. Limits and counts are images; 0: all. */
struct dataset_spec {
	bool given;
	const char *name;
	int train_limit, test_limit;
	int validation; /* images drawn from the training file by the seed */
	struct dataset_normalize normalize;
	const char *train_images, *train_labels, *test_images, *test_labels; /* `idx`: paths */
	const char *path;     /* `folder`: holds train/CLASS/... and test/CLASS/... */
	struct texts classes; /* `idx`: names of the classes, in the order of the labels */
};

extern const struct option dataset_options[];

/* The names that `name` can take; ends in NULL. */
extern const char *const dataset_names[];

/* One file's worth of examples. Exactly one of pixels and inputs is set, and one of labels and
 * targets. Rows lie one after the other: image i starts at i * shape_size(shape). `pixels` has 64
 * readable bytes behind its end. */
struct split {
	int n;
	const uint8_t *pixels; /* 0..255 */
	const float *inputs;
	const uint8_t *labels; /* class numbers from 0 */
	const float *targets;  /* n * target_size */
	int target_size;
};

struct dataset {
	const char *name;               /* as in the config */
	struct shape shape;             /* of one image */
	int n_classes;                  /* 0 with targets */
	const char *const *class_names; /* n_classes texts */
	struct split train, test;
	char sha256[65];    /* of the data alone, see dataset_open */
	const char *source; /* where it was read from, for people: a folder, or "built in" */
	struct arena arena;
	void *owned[4]; /* large blocks, freed with the dataset */
};

/* Where to look, and whether the network may be used. All members may be NULL. */
struct dataset_search {
	const char *data_dir;   /* --data-dir: looked at first, and where downloads go */
	const char *config_dir; /* relative paths in a config are meant from here */
	/* Of each row of dataset_options, for errors about a person's own files. */
	const struct place *places;
	bool offline;       /* never download */
	bool quiet;         /* no progress bar, nor that glyphs are being drawn */
	bool (*stop)(void); /* asked now and then while downloading or drawing: true gives up */
};

/* dataset_open's and dataset_fetch's answer when a data set is neither here nor reachable; main
 * turns it into exit code 69. */
enum { DATASET_MISSING = -2 };

/*
 * Opens the data set that `spec` names: finds or downloads its files, checks and reads them (train
 * and test files in parallel), or draws it. *out is owned by the caller; dataset_close frees it.
 * Fails, with file, offset and what was found, on files that are corrupt, truncated, mislabelled or
 * that do not match each other; returns DATASET_MISSING when there is nothing to read and the
 * network cannot be reached. The error then says where to put the files and names glyphs.
 *
 * A set of the catalogue must be the published one, to the last pixel; how it is packed does not
 * matter. `sha256` depends on the data alone, not on where it lies, on its packing or its name. It
 * is the SHA-256 of three lines, each ended by a newline, with single blanks:
 *     1x28x28                     the shape of an image
 *     60000 SUM SUM               training: count, SHA-256 of the pixels, SHA-256 of the labels
 *     10000 SUM SUM               test, alike
 */
int dataset_open(struct dataset **out, const struct dataset_spec *spec,
	const struct dataset_search *search, struct err *err);
void dataset_close(struct dataset *dataset);

/* What is known of a data set by its name alone, so that a network can be planned and checked
 * before (and without) the files: 0, or -1 when only the files know (`idx`, `folder`) or `name` is
 * none. */
int dataset_known(const char *name, struct shape *shape, int *n_classes);

/* Images that a run trains on, as far as the spec alone tells; 0: only the files know. */
int dataset_known_train(const struct dataset_spec *spec);

/* The `sha256` that dataset_open will give for such a set, so that a run can be recognised without
 * the files. Fails where only the files know. */
int dataset_known_sum(char hex[65], const char *name, struct err *err);

/* Errors of a spec that need no files: options that do not go together, names that do not exist
 * (with the nearest one). `places` gives the place of each row of dataset_options (line 0: not
 * given). */
int dataset_check(const struct dataset_spec *spec, const struct place *places, struct err *err);

/* A look, without reading, whether a person's own file or folder is there: number `i` of the paths
 * that a spec can name, below DATASET_PATHS. One that the spec does not name passes. The error is
 * at its place in search->places. */
enum { DATASET_PATHS = 5 };
int dataset_look(const struct dataset_spec *spec, const struct dataset_search *search, int i,
	struct err *err);

/* Only makes the files be there, as `runner fetch` does; prints nothing but progress. */
int dataset_fetch(const char *name, const struct dataset_search *search, struct err *err);

struct selection {
	const struct dataset *dataset; /* borrowed */
	int n_train, n_validation, n_test;
	const int32_t *train;      /* indices into dataset->train, ascending */
	const int32_t *validation; /* likewise, drawn from the whole file by the seed */
	struct pixel_values values; /* what pixels become */
};

/* Chooses what a run takes: `validation` images drawn by the seed from the whole training file, the
 * first train_limit of the rest, the first test_limit of the test file. Fails, at the option's
 * place in `places`, when the file has too few. The lists live in `arena`. */
int dataset_select(struct selection *selection, const struct dataset *dataset,
	const struct dataset_spec *spec, const struct place *places, int64_t seed,
	struct arena *arena, struct err *err);

#endif
