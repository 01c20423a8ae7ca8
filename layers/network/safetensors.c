/* safetensors -- see safetensors.h: writing and hashing; reading is in safetensors_read.c. The
 * numbers are copied as they are, since both they and the platform are little-endian. */
#include "layers/network/safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "safetensors are little-endian");

enum { ALIGNMENT = 8 }; /* of the numbers in the file */

static const float *numbers_of(
	const struct tensor *tensor, const float *trained, const float *buffers)
{
	return (tensor->role == TENSOR_BUFFER ? buffers : trained) + tensor->at;
}

static json_t *shape_of(const struct tensor *tensor)
{
	json_t *shape = json_array();

	for (int i = 0; shape && i < tensor->rank; i++) {
		if (json_array_append_new(shape, json_integer(tensor->dims[i]))) {
			json_decref(shape);
			return NULL;
		}
	}
	return shape;
}

/* {"__metadata__":{"format":"pt"},"0.weight":{"dtype":"F32",...},...} as text; free by free(). */
static char *header_of(const struct network *network, size_t *data_size)
{
	json_t *header = json_pack("{s:{s:s}}", "__metadata__", "format", "pt");
	char *text = NULL;
	size_t at = 0;

	for (int i = 0; header && i < network->n_tensors; i++) {
		const struct tensor *tensor = &network->tensors[i];
		size_t end = at + tensor->size * sizeof(float);
		json_t *entry = json_pack("{s:s,s:o,s:[I,I]}", "dtype", "F32", "shape",
			shape_of(tensor), "data_offsets", (json_int_t)at, (json_int_t)end);

		if (json_object_set_new(header, tensor->path, entry)) {
			json_decref(header);
			header = NULL;
		}
		at = end;
	}
	*data_size = at;
	if (header)
		text = json_dumps(header, JSON_COMPACT);
	json_decref(header);
	return text;
}

int safetensors_encode(uint8_t **out, size_t *size, const struct network *network,
	const float *trained, const float *buffers, struct err *err)
{
	size_t data_size, text_size, header_size;
	char *text = header_of(network, &data_size);
	uint64_t length;
	uint8_t *at;

	*out = NULL;
	if (!text)
		return err_memory(err, data_size, "the header of a safetensors file");
	text_size = strlen(text);
	header_size = (text_size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	*size = SAFETENSORS_LENGTH + header_size + data_size;
	at = *out = malloc(*size);
	if (!at) {
		free(text);
		return err_memory(err, *size, "a safetensors file");
	}
	length = header_size;
	memcpy(at, &length, SAFETENSORS_LENGTH);
	memset(at + SAFETENSORS_LENGTH, ' ', header_size);
	memcpy(at + SAFETENSORS_LENGTH, text, text_size);
	at += SAFETENSORS_LENGTH + header_size;
	for (int i = 0; i < network->n_tensors; i++) {
		const struct tensor *tensor = &network->tensors[i];

		memcpy(at, numbers_of(tensor, trained, buffers), tensor->size * sizeof(float));
		at += tensor->size * sizeof(float);
	}
	free(text);
	return 0;
}

int safetensors_hash(char hex[SHA256_HEX], const struct network *network, const float *trained,
	const float *buffers, struct err *err)
{
	struct sha256 sha256;

	if (sha256_start(&sha256, err))
		return -1;
	for (int i = 0; i < network->n_tensors; i++)
		sha256_add(&sha256, numbers_of(&network->tensors[i], trained, buffers),
			network->tensors[i].size * sizeof(float));
	return sha256_finish(&sha256, hex, err);
}
