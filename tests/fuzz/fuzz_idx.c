/*
 * fuzz_idx -- throws any bytes at the IDX reader, plain or gz, as images and as labels.
 *
 * What is refused must have a reason and leave no memory behind; what is accepted must be as long
 * as it says, with the slack behind it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "datasets/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(const uint8_t *data, size_t size, enum idx_role role)
{
	struct idx idx;
	struct err err = {0};

	if (idx_read_memory(&idx, "input", data, size, role, &err)) {
		if (!err.set || idx.data)
			abort();
		return;
	}
	if (idx.n < 1 || idx.size != (size_t)idx.n * shape_size(idx.shape) ||
		idx.data[idx.size + IDX_SLACK - 1] != 0)
		abort();
	idx_release(&idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_as(data, size, IDX_IMAGES);
	read_as(data, size, IDX_LABELS);
	return 0;
}
