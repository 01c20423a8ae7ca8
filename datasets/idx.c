/* idx -- see idx.h. Fashion-MNIST's training images take 110 ms, which inflating takes;
 * their checksum is computed meanwhile by a second thread (checksum_follower). */
#include "datasets/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "datasets/unpack.h"

enum {
	TYPE_UBYTE = 0x08,
	MOST_DIMS = 4,
	STEP = 1 << 20,        /* bytes between two messages to the follower */
	FOLLOW_FROM = 4 << 20, /* smaller data is hashed faster than a thread starts */
};

static const char *const type_names[] = {[0x08] = "unsigned bytes",
	[0x09] = "signed bytes",
	[0x0b] = "16-bit integers",
	[0x0c] = "32-bit integers",
	[0x0d] = "floats",
	[0x0e] = "doubles"};

static const char *type_name(uint8_t type)
{
	const size_t n = sizeof type_names / sizeof type_names[0];

	return type < n && type_names[type] ? type_names[type] : "an unknown type";
}

static const char *role_name(enum idx_role role)
{
	return role == IDX_IMAGES ? "images" : "labels";
}

/* Exactly `n` bytes of the header, which begin at offset `at` of the data. */
static int read_header_bytes(
	struct unpack *unpack, uint8_t *out, size_t n, size_t at, struct err *err)
{
	ssize_t got = unpack_read(unpack, out, n, err);

	if (got < 0)
		return -1;
	if (!got && !at)
		return err_set(err, "%s is empty", unpack->path);
	if ((size_t)got < n)
		return err_set(err, "%s ends at offset %zu%s, inside its header", unpack->path,
			at + (size_t)got, unpack_where(unpack));
	return 0;
}

static bool is_web_page(const uint8_t magic[4])
{
	int i = 0;

	while (i < 3 &&
		(magic[i] == ' ' || magic[i] == '\n' || magic[i] == '\r' || magic[i] == '\t'))
		i++;
	return magic[i] == '<';
}

static int check_magic(
	struct unpack *unpack, const uint8_t magic[4], enum idx_role role, struct err *err)
{
	const char *path = unpack->path, *where = unpack_where(unpack);

	if (is_web_page(magic))
		return err_set(err,
			"%s is a web page, not an IDX file: it was saved from a login page, an "
			"error page or a page about the file",
			path);
	if (magic[0] || magic[1])
		return err_set(err,
			"%s is not an IDX file: offset 0%s: found %02x %02x %02x %02x, expected "
			"00 00 08 %02x",
			path, where, magic[0], magic[1], magic[2], magic[3],
			role == IDX_IMAGES ? 3 : 1);
	if (magic[2] != TYPE_UBYTE)
		return err_set(err,
			"%s: offset 2%s: found type 0x%02x (%s), expected 0x08 (unsigned bytes)",
			path, where, magic[2], type_name(magic[2]));
	if (role == IDX_IMAGES && magic[3] == 1)
		return err_set(err,
			"%s: offset 3%s: found 1 dimension: this is a label file, expected images",
			path, where);
	if (role == IDX_LABELS && (magic[3] == 3 || magic[3] == 4))
		return err_set(err,
			"%s: offset 3%s: found %d dimensions: this is an image file, expected "
			"labels",
			path, where, magic[3]);
	if (role == IDX_IMAGES ? magic[3] != 3 && magic[3] != 4 : magic[3] != 1)
		return err_set(err, "%s: offset 3%s: found %d dimensions, %s have %s", path, where,
			magic[3], role_name(role), role == IDX_IMAGES ? "3 or 4" : "1");
	return 0;
}

/* The sizes of the header; each is at least 1 and an image at most SHAPE_MAX_SIZE values. */
static int read_dims(struct unpack *unpack, int rank, uint32_t dims[MOST_DIMS], struct err *err)
{
	uint8_t bytes[4 * MOST_DIMS];
	uint64_t image = 1;

	if (read_header_bytes(unpack, bytes, 4 * (size_t)rank, 4, err))
		return -1;
	for (int i = 0; i < rank; i++) {
		const uint8_t *b = bytes + 4 * i;
		uint32_t most = i ? SHAPE_MAX_SIZE : INT32_MAX;

		dims[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
		if (!dims[i] || dims[i] > most)
			return err_set(err, "%s: offset %d%s: found size %u, expected 1 to %u",
				unpack->path, 4 + 4 * i, unpack_where(unpack), dims[i], most);
		image *= i ? dims[i] : 1;
		if (image > SHAPE_MAX_SIZE)
			return err_set(err, "%s: offset %d%s: an image of more than %d values",
				unpack->path, 4 + 4 * i, unpack_where(unpack), SHAPE_MAX_SIZE);
	}
	return 0;
}

/* One file on its way into an idx. */
struct reading {
	struct idx *idx;
	struct unpack *unpack;
	enum idx_role role;
	size_t header; /* bytes of it */
	char what[96]; /* "60000 images of 1x28x28", "10000 labels": what the header promises */
};

static void describe(struct reading *r)
{
	char shape[SHAPE_TEXT];

	if (r->role == IDX_IMAGES)
		snprintf(r->what, sizeof r->what, "%d images of %s", r->idx->n,
			shape_text(shape, r->idx->shape));
	else
		snprintf(r->what, sizeof r->what, "%d labels", r->idx->n);
}

/* Refuses sizes that the file cannot hold, before memory is asked for. */
static int set_size(struct reading *r, struct err *err)
{
	struct unpack *unpack = r->unpack;
	uint64_t size = (uint64_t)r->idx->n * shape_size(r->idx->shape);

	r->idx->size = (size_t)size;
	if (r->header + size <= unpack_most(unpack))
		return 0;
	if (unpack->gz)
		return err_set(err, "%s: %s cannot come out of a gz file of %llu bytes",
			unpack->path, r->what, (unsigned long long)unpack->size);
	return err_set(err, "%s ends at offset %llu, but %s end at %llu", unpack->path,
		(unsigned long long)unpack->size, r->what, (unsigned long long)(r->header + size));
}

static int read_header(struct reading *r, struct err *err)
{
	struct idx *idx = r->idx;
	uint8_t magic[4];
	uint32_t dims[MOST_DIMS] = {0};
	int rank;

	if (read_header_bytes(r->unpack, magic, sizeof magic, 0, err) ||
		check_magic(r->unpack, magic, r->role, err))
		return -1;
	rank = magic[3];
	if (read_dims(r->unpack, rank, dims, err))
		return -1;
	r->header = 4 + 4 * (size_t)rank;
	idx->n = (int)dims[0];
	idx->shape = shape_image(1, 1, 1);
	if (r->role == IDX_IMAGES)
		idx->shape = shape_image(
			rank == 4 ? (int)dims[1] : 1, (int)dims[rank - 2], (int)dims[rank - 1]);
	describe(r);
	return set_size(r, err);
}

/* Fills idx->data; `follower`, if any, is told how far it has come. */
static int read_values(struct reading *r, struct checksum_follower *follower, struct err *err)
{
	const size_t size = r->idx->size;
	size_t at = 0;

	while (at < size) {
		size_t want = size - at < STEP ? size - at : STEP;
		ssize_t got = unpack_read(r->unpack, r->idx->data + at, want, err);

		if (got < 0)
			return -1;
		at += (size_t)got;
		if (follower)
			checksum_follower_advance(follower, at);
		if ((size_t)got < want)
			return err_set(err, "%s ends at offset %zu%s, but %s end at %zu",
				r->unpack->path, r->header + at, unpack_where(r->unpack), r->what,
				r->header + size);
	}
	return 0;
}

/* Nothing may come after the values; for a gz file this also checks its CRC. */
static int check_end(struct reading *r, struct err *err)
{
	uint8_t byte;
	ssize_t got = unpack_read(r->unpack, &byte, 1, err);

	if (got <= 0)
		return (int)got;
	return err_set(err, "%s goes on behind offset %zu%s, where %s end", r->unpack->path,
		r->header + r->idx->size, unpack_where(r->unpack), r->what);
}

static int read_and_hash(struct reading *r, struct err *err)
{
	struct idx *idx = r->idx;
	struct checksum_follower follower;
	int rc;

	if (idx->size < FOLLOW_FROM)
		return read_values(r, NULL, err) ||
				       checksum_data(idx->sha256, idx->data, idx->size, err)
			       ? -1
			       : 0;
	if (checksum_follower_start(&follower, idx->data, err))
		return -1;
	rc = read_values(r, &follower, err);
	return checksum_follower_finish(&follower, idx->sha256, err) ? -1 : rc;
}

static int read_all(struct reading *r, struct err *err)
{
	struct idx *idx = r->idx;

	if (read_header(r, err))
		return -1;
	idx->data = malloc(idx->size + IDX_SLACK);
	if (!idx->data)
		return err_memory(err, idx->size, role_name(r->role));
	memset(idx->data + idx->size, 0, IDX_SLACK);
	return read_and_hash(r, err) || check_end(r, err) ? -1 : 0;
}

static int read_and_close(
	struct idx *idx, struct unpack *unpack, enum idx_role role, struct err *err)
{
	struct reading reading = {.idx = idx, .unpack = unpack, .role = role};
	int rc = read_all(&reading, err);

	if (rc)
		idx_release(idx);
	unpack_close(unpack);
	return rc;
}

int idx_read(struct idx *idx, const char *path, enum idx_role role, struct err *err)
{
	struct unpack unpack;

	*idx = (struct idx){0};
	if (unpack_open(&unpack, path, err))
		return -1;
	return read_and_close(idx, &unpack, role, err);
}

int idx_read_memory(struct idx *idx, const char *path, const void *bytes, size_t size,
	enum idx_role role, struct err *err)
{
	struct unpack unpack;

	*idx = (struct idx){0};
	if (unpack_memory(&unpack, path, bytes, size, err))
		return -1;
	return read_and_close(idx, &unpack, role, err);
}

void idx_release(struct idx *idx)
{
	free(idx->data);
	*idx = (struct idx){0};
}
