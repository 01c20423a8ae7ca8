/*
 * safetensors -- weights under torch's names in the file format of that name: 8 bytes of length,
 * a JSON header (name -> dtype, shape, data_offsets), then the numbers, little-endian, unpadded.
 */
#ifndef LAYERS_NETWORK_SAFETENSORS_H
#define LAYERS_NETWORK_SAFETENSORS_H

#include <stdint.h>

#include "layers/network/network.h"

/* The file's bytes for a network's tensors (trained and buffers, in order of declaration), F32;
 * owned by the caller (free). */
int safetensors_encode(uint8_t **out, size_t *size, const struct network *network,
	const float *trained, const float *buffers, struct err *err);

struct safetensors;

/* Reads and checks a whole file; F32, and F64, F16 and BF16 turned into F32. */
int safetensors_open(struct safetensors **out, const char *path, struct err *err);
void safetensors_close(struct safetensors *file);

/* The numbers of tensor `name`: its shape must be dims[rank]. The error names what the file has. */
int safetensors_read(const struct safetensors *file, const char *name, int rank, const int *dims,
	float *out, struct err *err);

/* weights_hash: SHA-256, in hex, over the numbers of all tensors in the order of the encoded file,
 * unpadded, little-endian. */
int safetensors_hash(char hex[65], const struct network *network, const float *trained,
	const float *buffers, struct err *err);

#endif
