/*
 * files -- temporary folders and files for tests. Every failure fails the test at once.
 */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

#include <stddef.h>
#include <stdint.h>

/* For use as cmocka's set-up and tear-down: *state is the path of a new, empty folder. */
int files_setup(void **state);
int files_teardown(void **state);

/* "FOLDER/NAME", in one of 32 static buffers that take turns; makes no file. */
const char *files_path(const char *folder, const char *name);

void files_make_folder(const char *path); /* with those above it */
void files_write(const char *path, const void *bytes, size_t n);
void files_write_gz(const char *path, const void *bytes, size_t n);
void files_link(const char *target, const char *path);

/* The whole file; the caller frees it. */
uint8_t *files_read(const char *path, size_t *n);

/* An IDX file in memory: magic 00 00 08 RANK, sizes, then i * 7 + seed for value i. Returns the
 * number of bytes written to `out`. */
size_t files_idx(uint8_t *out, int rank, const uint32_t *sizes, unsigned seed);

#endif
