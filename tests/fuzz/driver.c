/*
 * driver -- runs a fuzz target on the files and folders that are named: the corpora in ordinary
 * tests, and inputs that a fuzzer found. Prints how many; a finding ends the program as it would in
 * the fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_path(const char *path);

static int run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	int n = -1;

	if (file && data && fread(data, 1, size, file) == size) {
		LLVMFuzzerTestOneInput(data, size);
		n = 1;
	} else {
		fprintf(stderr, "cannot read %s\n", path);
	}
	if (file)
		fclose(file);
	free(data);
	return n;
}

static int run_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	char inner[4096];
	int total = 0, n;

	if (!folder) {
		fprintf(stderr, "cannot read %s\n", path);
		return -1;
	}
	while (total >= 0 && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
		n = run_path(inner);
		total = n < 0 ? -1 : total + n;
	}
	closedir(folder);
	return total;
}

/* The number of inputs run, or -1. */
static int run_path(const char *path)
{
	struct stat info;

	if (stat(path, &info)) {
		fprintf(stderr, "cannot find %s\n", path);
		return -1;
	}
	return S_ISDIR(info.st_mode) ? run_folder(path) : run_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = run_path(argv[i]);
		if (n < 0)
			return 1;
		total += n;
	}
	printf("ok %d inputs\n", total);
	return total > 0 ? 0 : 1;
}
