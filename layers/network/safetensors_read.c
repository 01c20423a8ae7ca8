/* safetensors_read -- see safetensors.h: reading. The file is not trusted: whatever it says of
 * itself is checked before it is used. */
#include "layers/network/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_MAX = 100 << 20, /* as the format's own library has it */
	CHUNK = 1 << 15,        /* bytes read at a time */
	NAMES_TOLD = 8,         /* when a tensor is missing */
	DIMS_TOLD = 5,          /* when a shape is wrong */
	LIST_TEXT = 400,
};

struct safetensors {
	int fd;
	char *path;     /* owned */
	json_t *header; /* owned; without __metadata__ */
	int64_t data_at, data_size;
};

/* ---- dtypes */

static float from_f32(const uint8_t *at)
{
	float x;

	memcpy(&x, at, sizeof x);
	return x;
}

static float from_f64(const uint8_t *at)
{
	double x;

	memcpy(&x, at, sizeof x);
	return (float)x;
}

static float from_bits(uint32_t bits)
{
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static float from_bf16(const uint8_t *at)
{
	return from_bits((uint32_t)at[0] << 16 | (uint32_t)at[1] << 24);
}

/* Exponent and fraction, moved to where a float has them, are a float that is 2^-112 of the number;
 * this holds for subnormal ones too. Infinity and NaN keep an exponent of all ones. */
static float from_f16(const uint8_t *at)
{
	uint32_t half = (uint32_t)at[0] | (uint32_t)at[1] << 8;
	uint32_t sign = (half & 0x8000) << 16, rest = (half & 0x7fff) << 13;
	float size = from_bits(rest) * 0x1p112f;

	if ((half & 0x7c00) == 0x7c00)
		size = from_bits(rest | 0x7f800000);
	return sign ? -size : size;
}

struct dtype {
	const char *name;
	int size;                           /* bytes */
	float (*number)(const uint8_t *at); /* NULL: the dtype is known, but not for weights */
};

static const struct dtype *dtype_find(const char *name)
{
	static const struct dtype dtypes[] = {
		{"F32", 4, from_f32},
		{"F64", 8, from_f64},
		{"F16", 2, from_f16},
		{"BF16", 2, from_bf16},
		{"BOOL", 1, NULL},
		{"U8", 1, NULL},
		{"I8", 1, NULL},
		{"F8_E4M3", 1, NULL},
		{"F8_E5M2", 1, NULL},
		{"U16", 2, NULL},
		{"I16", 2, NULL},
		{"U32", 4, NULL},
		{"I32", 4, NULL},
		{"U64", 8, NULL},
		{"I64", 8, NULL},
		{NULL, 0, NULL},
	};

	for (const struct dtype *dtype = dtypes; dtype->name; dtype++)
		if (name && !strcmp(dtype->name, name))
			return dtype;
	return NULL;
}

/* ---- opening */

/* One tensor as the header has it. */
struct entry {
	const char *name;
	const struct dtype *dtype;
	json_t *shape;
	int64_t begin, end; /* of its bytes behind the header */
};

/* The bytes that shape and dtype make, or -1. */
static int64_t entry_bytes(const struct entry *entry)
{
	int64_t bytes = entry->dtype->size;

	for (size_t i = 0; i < json_array_size(entry->shape); i++) {
		const json_t *dim = json_array_get(entry->shape, i);

		if (!json_is_integer(dim) || json_integer_value(dim) < 0 ||
			__builtin_mul_overflow(bytes, json_integer_value(dim), &bytes))
			return -1;
	}
	return bytes;
}

/* Takes one entry of the header apart; -1 and err where it is not what the format says. */
static int entry_read(struct entry *entry, const struct safetensors *file, const char *name,
	json_t *json, struct err *err)
{
	const char *dtype = json_string_value(json_object_get(json, "dtype"));
	json_t *offsets = json_object_get(json, "data_offsets");
	json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
	int64_t bytes;

	*entry = (struct entry){
		.name = name,
		.dtype = dtype_find(dtype),
		.shape = json_object_get(json, "shape"),
		.begin = json_integer_value(begin),
		.end = json_integer_value(end),
	};
	if (!entry->dtype)
		return err_set(err, "%s: tensor '%s' has dtype %s, which is none of the format's",
			file->path, name, dtype ? dtype : "(none)");
	bytes = json_is_array(entry->shape) ? entry_bytes(entry) : -1;
	if (bytes < 0)
		return err_set(
			err, "%s: tensor '%s' has no shape of whole numbers", file->path, name);
	if (!json_is_integer(begin) || !json_is_integer(end) || json_array_size(offsets) != 2)
		return err_set(
			err, "%s: tensor '%s' has no pair of data_offsets", file->path, name);
	if (entry->begin < 0 || entry->end < entry->begin || entry->end > file->data_size)
		return err_set(err,
			"%s: tensor '%s' is said to be bytes %" PRId64 " to %" PRId64
			" of %" PRId64,
			file->path, name, entry->begin, entry->end, file->data_size);
	if (bytes != entry->end - entry->begin)
		return err_set(err,
			"%s: tensor '%s' has %" PRId64
			" bytes, but its shape and dtype %s make %" PRId64,
			file->path, name, entry->end - entry->begin, entry->dtype->name, bytes);
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return (x->end > y->end) - (x->end < y->end);
}

/* Whether the entries, one behind the other, fill the file. */
static int check_cover(
	const struct safetensors *file, struct entry *entries, size_t n, struct err *err)
{
	int64_t at = 0;

	qsort(entries, n, sizeof *entries, by_place);
	for (size_t i = 0; i < n; at = entries[i++].end) {
		if (entries[i].begin < at)
			return err_set(err, "%s: tensors '%s' and '%s' overlap", file->path,
				entries[i - 1].name, entries[i].name);
		if (entries[i].begin > at)
			return err_set(err,
				"%s: the %" PRId64 " bytes before tensor '%s' belong to none",
				file->path, entries[i].begin - at, entries[i].name);
	}
	if (at < file->data_size)
		return err_set(err, "%s: the last %" PRId64 " bytes belong to no tensor",
			file->path, file->data_size - at);
	return 0;
}

static int check_header(const struct safetensors *file, struct err *err)
{
	size_t n = json_object_size(file->header), i = 0;
	struct entry *entries = calloc(n + 1, sizeof *entries);
	const char *name;
	json_t *json;
	int rc = 0;

	if (!entries)
		return err_memory(err, n * sizeof *entries, "the tensors of a safetensors file");
	json_object_foreach(file->header, name, json)
	{
		rc = entry_read(&entries[i++], file, name, json, err);
		if (rc)
			break;
	}
	if (!rc)
		rc = check_cover(file, entries, n, err);
	free(entries);
	return rc;
}

/* Reads `size` bytes at `at`; the file has them, unless it shrinks meanwhile. */
static int read_at(
	const struct safetensors *file, void *out, size_t size, int64_t at, struct err *err)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(file->fd, (char *)out + done, size - done, at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err, errno, "cannot read %s", file->path);
		if (!n)
			return err_set(err, "%s ended while it was read", file->path);
		done += (size_t)n;
	}
	return 0;
}

static int parse_header(struct safetensors *file, size_t length, struct err *err)
{
	char *text = malloc(length + 1);
	json_error_t error;

	if (!text)
		return err_memory(err, length, "the header of a safetensors file");
	if (read_at(file, text, length, SAFETENSORS_LENGTH, err)) {
		free(text);
		return -1;
	}
	file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!file->header)
		return err_set(err, "%s: the header is not JSON: %s at byte %d", file->path,
			error.text, SAFETENSORS_LENGTH + error.position);
	if (!json_is_object(file->header))
		return err_set(err, "%s: the header is not a JSON object", file->path);
	json_object_del(file->header, "__metadata__");
	return 0;
}

/* The length of the header, and with it where the numbers are. */
static int read_length(struct safetensors *file, size_t *length, struct err *err)
{
	struct stat stat;
	uint64_t said;

	if (fstat(file->fd, &stat))
		return err_errno(err, errno, "cannot read %s", file->path);
	if (!S_ISREG(stat.st_mode))
		return err_set(err, "%s is not a file", file->path);
	if (stat.st_size < SAFETENSORS_LENGTH)
		return err_set(err, "%s is no safetensors file: it has %" PRId64 " bytes",
			file->path, (int64_t)stat.st_size);
	if (read_at(file, &said, sizeof said, 0, err))
		return -1;
	if (said > HEADER_MAX || said > (uint64_t)stat.st_size - SAFETENSORS_LENGTH)
		return err_set(err,
			"%s is no safetensors file, or cut off: its first 8 bytes announce a "
			"header of "
			"%" PRIu64 " bytes, and %" PRId64 " follow",
			file->path, said, (int64_t)stat.st_size - SAFETENSORS_LENGTH);
	*length = (size_t)said;
	file->data_at = SAFETENSORS_LENGTH + (int64_t)said;
	file->data_size = stat.st_size - file->data_at;
	return 0;
}

int safetensors_open(struct safetensors **out, const char *path, struct err *err)
{
	struct safetensors *file = calloc(1, sizeof *file);
	size_t length = 0;

	*out = NULL;
	if (!file)
		return err_memory(err, sizeof *file, "a safetensors file");
	file->fd = open(path, O_RDONLY | O_CLOEXEC);
	file->path = strdup(path);
	if (file->fd < 0)
		err_errno(err, errno, "cannot open %s", path);
	else if (!file->path)
		err_memory(err, strlen(path), "a path");
	else if (!read_length(file, &length, err) && !parse_header(file, length, err) &&
		 !check_header(file, err))
		*out = file;
	if (*out)
		return 0;
	safetensors_close(file);
	return -1;
}

void safetensors_close(struct safetensors *file)
{
	if (!file)
		return;
	if (file->fd >= 0)
		close(file->fd);
	json_decref(file->header);
	free(file->path);
	free(file);
}

/* ---- reading */

static int tell_missing(const struct safetensors *file, const char *name, struct err *err)
{
	char list[LIST_TEXT] = "";
	size_t n = json_object_size(file->header), used = 0, told = 0;
	const char *has;
	json_t *json;

	json_object_foreach(file->header, has, json)
	{
		if (told == NAMES_TOLD || used >= sizeof list)
			break;
		used += (size_t)snprintf(
			list + used, sizeof list - used, "%s'%s'", told++ ? ", " : "", has);
	}
	return err_set(err, "%s has no tensor '%s'; it has %zu: %s%s", file->path, name, n, list,
		told < n ? ", ..." : "");
}

/* The shape in words, as far as its first dimensions; returns `text`. */
static char *shape_words(char text[SHAPE_TEXT], const json_t *shape)
{
	int dims[DIMS_TOLD], rank = 0;

	for (size_t i = 0; i < json_array_size(shape) && i < DIMS_TOLD; i++) {
		json_int_t dim = json_integer_value(json_array_get(shape, i));

		dims[rank++] = dim < INT_MAX ? (int)dim : INT_MAX;
	}
	return shape_dims_text(text, rank, dims);
}

static bool shape_is(const json_t *shape, int rank, const int *dims)
{
	if (json_array_size(shape) != (size_t)rank)
		return false;
	for (int i = 0; i < rank; i++)
		if (json_integer_value(json_array_get(shape, (size_t)i)) != dims[i])
			return false;
	return true;
}

static int convert(
	const struct safetensors *file, const struct entry *entry, float *out, struct err *err)
{
	uint8_t chunk[CHUNK];

	for (int64_t at = entry->begin; at < entry->end;) {
		size_t n = entry->end - at < CHUNK ? (size_t)(entry->end - at) : CHUNK;

		if (read_at(file, chunk, n, file->data_at + at, err))
			return -1;
		for (size_t i = 0; i < n; i += (size_t)entry->dtype->size)
			*out++ = entry->dtype->number(chunk + i);
		at += (int64_t)n;
	}
	return 0;
}

int safetensors_read(const struct safetensors *file, const char *name, int rank, const int *dims,
	float *out, struct err *err)
{
	json_t *json = json_object_get(file->header, name);
	char found[SHAPE_TEXT], wanted[SHAPE_TEXT];
	struct entry entry;

	if (!json)
		return tell_missing(file, name, err);
	if (entry_read(&entry, file, name, json, err))
		return -1;
	if (!shape_is(entry.shape, rank, dims))
		return err_set(err, "%s: tensor '%s' is %s, where the network has %s", file->path,
			name, shape_words(found, entry.shape), shape_dims_text(wanted, rank, dims));
	if (!entry.dtype->number)
		return err_set(err,
			"%s: tensor '%s' has dtype %s; F32, F64, F16 and BF16 can be read",
			file->path, name, entry.dtype->name);
	return out ? convert(file, &entry, out, err) : 0;
}
