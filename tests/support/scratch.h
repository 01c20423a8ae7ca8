/* scratch -- a folder of a test's own for its files, and whole files in one call. Failures fail the
 * test. */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

/* Makes the folder; scratch_remove deletes it with what is in it. As group set-up and tear-down. */
int scratch_make(void **state);
int scratch_remove(void **state);

const char *scratch_folder(void);

/* The path of file `name` in the folder; valid until the next call but three. */
const char *scratch_path(const char *name);

/* Writes a file; returns its path as above. */
const char *scratch_write(const char *name, const void *data, size_t size);

#endif
