/* reading -- see reading.h. */
#include "tests/support/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "runner/config/yaml.h"

static struct node *read_source(struct reading *reading, int file)
{
	assert_true(file >= 0);
	reading->config = (struct config){
		.arena = &reading->arena, .sources = &reading->sources, .diags = &reading->diags};
	return yaml_read(&reading->config, file, 0);
}

struct node *reading_text(struct reading *reading, const char *text)
{
	return read_source(
		reading, sources_add_text(&reading->sources, "x.yaml", text, strlen(text), NULL));
}

struct node *reading_file(struct reading *reading, const char *path)
{
	return read_source(
		reading, sources_add_file(&reading->sources, path, (struct place){0}, NULL));
}

void reading_release(struct reading *reading)
{
	diags_release(&reading->diags);
	sources_release(&reading->sources);
	arena_release(&reading->arena);
}

void reading_find_configs(struct files *files, struct arena *arena)
{
	assert_int_equal(files_find(files, "configs", arena, NULL), 0);
	assert_int_equal(files_find(files, "tests/cases/ok", arena, NULL), 0);
	assert_true(files->n > 50);
}
