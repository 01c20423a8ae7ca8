/* png_grey -- see png_grey.h. libpng reports faults by longjmp: everything that must survive one
 * lies in struct reader, which the jump does not touch. */
#include "datasets/png_grey.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/core/shape.h"

struct reader {
	const char *path;
	FILE *file;
	png_structp png;
	png_infop info;
	uint8_t *rows;  /* owned: the image as it comes out of libpng */
	png_bytep *row; /* owned: where its rows begin */
	int w, h;
	bool sized;      /* the header has been read */
	char fault[128]; /* libpng's words */
};

static void on_fault(png_structp png, png_const_charp text)
{
	struct reader *reader = png_get_error_ptr(png);

	snprintf(reader->fault, sizeof reader->fault, "%s", text);
	png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
	(void)png, (void)text;
}

static int reader_open(struct reader *reader, const char *path, struct err *err)
{
	*reader = (struct reader){.path = path};
	reader->file = fopen(path, "rbe");
	if (!reader->file)
		return err_errno(err, errno, "cannot open %s", path);
	reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, on_fault, on_warning);
	if (reader->png)
		reader->info = png_create_info_struct(reader->png);
	return reader->info ? 0 : err_memory(err, sizeof *reader, "libpng");
}

static void reader_close(struct reader *reader)
{
	if (reader->png)
		png_destroy_read_struct(&reader->png, &reader->info, NULL);
	if (reader->file)
		fclose(reader->file);
	free(reader->rows);
	free(reader->row);
}

/* May jump. */
static void read_header(struct reader *reader)
{
	png_uint_32 w, h;

	png_init_io(reader->png, reader->file);
	png_read_info(reader->png, reader->info);
	w = png_get_image_width(reader->png, reader->info);
	h = png_get_image_height(reader->png, reader->info);
	if ((uint64_t)w * h > SHAPE_MAX_SIZE)
		png_error(reader->png, "it is too large");
	reader->w = (int)w;
	reader->h = (int)h;
	reader->sized = true;
}

/* May jump. Leaves 1 (grey), 2 (grey, alpha), 3 or 4 (colour) bytes a pixel in `rows`. */
static void read_rows(struct reader *reader)
{
	size_t stride;

	png_set_expand(reader->png);
	png_set_scale_16(reader->png);
	png_set_interlace_handling(reader->png);
	png_read_update_info(reader->png, reader->info);
	stride = png_get_rowbytes(reader->png, reader->info);
	reader->rows = calloc((size_t)reader->h, stride);
	reader->row = calloc((size_t)reader->h, sizeof *reader->row);
	if (!reader->rows || !reader->row)
		png_error(reader->png, "out of memory");
	for (int y = 0; y < reader->h; y++)
		reader->row[y] = reader->rows + (size_t)y * stride;
	png_read_image(reader->png, reader->row);
}

static uint8_t grey(const uint8_t *at, int channels)
{
	int v = at[0], alpha = 255;

	if (channels >= 3)
		v = (299 * at[0] + 587 * at[1] + 114 * at[2] + 500) / 1000;
	if (channels == 2 || channels == 4)
		alpha = at[channels - 1];
	return (uint8_t)((v * alpha + 255 * (255 - alpha) + 127) / 255);
}

/* Reads header, and with `whole` the image; libpng's jumps end here. */
static int run(struct reader *reader, bool whole, struct err *err)
{
	if (setjmp(png_jmpbuf(reader->png)))
		return err_set(err, "%s cannot be read as PNG: %s", reader->path, reader->fault);
	if (!reader->sized)
		read_header(reader);
	if (whole)
		read_rows(reader);
	return 0;
}

int png_grey_size(const char *path, int *w, int *h, struct err *err)
{
	struct reader reader;
	int rc = reader_open(&reader, path, err);

	if (!rc)
		rc = run(&reader, false, err);
	*w = reader.w;
	*h = reader.h;
	reader_close(&reader);
	return rc;
}

int png_grey_read(const char *path, uint8_t *pixels, int w, int h, struct err *err)
{
	struct reader reader;
	int rc = reader_open(&reader, path, err);

	if (!rc)
		rc = run(&reader, false, err);
	if (!rc && (reader.w != w || reader.h != h))
		rc = err_set(err,
			"%s is %dx%d pixels (width x height), but the first image is %dx%d", path,
			reader.w, reader.h, w, h);
	if (!rc)
		rc = run(&reader, true, err);
	if (!rc) {
		const int channels = png_get_channels(reader.png, reader.info);

		for (int y = 0; y < h; y++)
			for (int x = 0; x < w; x++)
				pixels[(size_t)y * (size_t)w + (size_t)x] =
					grey(reader.row[y] + x * channels, channels);
	}
	reader_close(&reader);
	return rc;
}
