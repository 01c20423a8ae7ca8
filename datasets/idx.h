/*
 * idx -- reads files of the IDX format, in which MNIST and its relatives are published.
 *
 *     offset 0   00 00
 *     offset 2   type of the values: 08 unsigned byte, 09 signed byte, 0b short, 0c int, 0d float,
 *                0e double
 *     offset 3   number of dimensions R
 *     offset 4   R sizes of four bytes each, the highest byte first
 *     then       the values, the last dimension running fastest
 *
 * (yann.lecun.com/exdb/mnist). Images are unsigned bytes [n][H][W] or [n][C][H][W]; labels are
 * unsigned bytes [n]. The file may be plain or gz. Everything else is an error that names file,
 * offset, what was found and what was expected: other types, labels in the place of images and the
 * reverse, a web page, a file that ends too early or too late, sizes that the file cannot hold
 * (found before memory is asked for).
 */
#ifndef DATASETS_IDX_H
#define DATASETS_IDX_H

#include <stdint.h>

#include "datasets/checksum.h"
#include "layers/core/shape.h"

enum idx_role { IDX_IMAGES, IDX_LABELS };

/* Behind the data lie this many readable bytes: room for a vector load at the last pixel. */
enum { IDX_SLACK = 64 };

struct idx {
	int n;
	struct shape shape; /* of one image; of a label 1x1x1 */
	uint8_t *data;      /* owned, size + IDX_SLACK bytes */
	size_t size;
	char sha256[SHA256_HEX]; /* of the data, the header left out */
};

int idx_read(struct idx *idx, const char *path, enum idx_role role, struct err *err);

/* The same from memory; `path` stands in messages. */
int idx_read_memory(struct idx *idx, const char *path, const void *bytes, size_t size,
	enum idx_role role, struct err *err);

void idx_release(struct idx *idx);

#endif
