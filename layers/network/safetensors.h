/*
 * safetensors -- weights under torch's names in the file format of that name: 8 bytes of length,
 * a JSON header (name -> dtype, shape, data_offsets), then the numbers, little-endian, unpadded.
 */
#ifndef LAYERS_NETWORK_SAFETENSORS_H
#define LAYERS_NETWORK_SAFETENSORS_H

#include <stdint.h>

#include "layers/core/sha256.h"
#include "layers/network/network.h"

enum { SAFETENSORS_LENGTH = 8 }; /* bytes of the length at the file's start */

/* The file's bytes for a network's tensors (trained and buffers, in order of declaration), F32;
 * owned by the caller (free). */
int safetensors_encode(uint8_t **out, size_t *size, const struct network *network,
	const float *trained, const float *buffers, struct err *err);

struct safetensors;

/*
 * Opens a file and checks its header whole: it must be JSON without duplicate names, each tensor of
 * a known dtype with a shape that fits its bytes, and the bytes of all tensors must fill the file
 * without overlap or gap. Fails with file, tensor and what was found. Numbers are read when asked
 * for, so opening costs what the header is long.
 */
int safetensors_open(struct safetensors **out, const char *path, struct err *err);
void safetensors_close(struct safetensors *file); /* NULL is fine */

/* The numbers of tensor `name`: its shape must be dims[rank]; F32, or F64, F16 and BF16 turned into
 * F32. Other dtypes may be in the file, but cannot be read. `out` NULL: only looks whether it could
 * be read. The error names what the file has. */
int safetensors_read(const struct safetensors *file, const char *name, int rank, const int *dims,
	float *out, struct err *err);

/* weights_hash: SHA-256, in hex, over the numbers of all tensors in the order of the encoded file,
 * unpadded, little-endian. */
int safetensors_hash(char hex[SHA256_HEX], const struct network *network, const float *trained,
	const float *buffers, struct err *err);

#endif
