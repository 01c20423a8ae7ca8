/*
 * doctor -- what this machine offers to a training, what was found and what is used, measured where
 * it can be; and what to do about whatever is in the way.
 *
 * A page is a list of facts in sections. A fact is a text or a number with its unit; `--json` has
 * all of them as one object, section by section, and the warnings as a list. Takes about two
 * seconds.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "datasets/catalogue.h"
#include "datasets/search.h"
#include "layers/core/blas.h"
#include "layers/core/team.h"
#include "layers/network/isa.h"
#include "layers/network/numerics.h"
#include "runner/commands.h"
#include "runner/measure.h"
#include "runner/screen/term.h"
#include "runner/store/environment.h"
#include "runner/store/store.h"

enum { TEXT = 320, NAME_COLUMNS = 24, NARROW_WIDTH = 128, WIDE_WIDTH = 1024 };

struct doctor {
	json_t *page;     /* {section: {name: value}} */
	json_t *section;  /* the last one; borrowed */
	json_t *warnings; /* texts */
	bool json;
};

/* ---- a page */

static void section(struct doctor *d, const char *name)
{
	d->section = json_object();
	json_object_set_new(d->page, name, d->section);
	if (!d->json)
		printf("%s%s\n", json_object_size(d->page) > 1 ? "\n" : "", name);
}

/* The name as people read it, in its column. */
static void print_name(const char *name)
{
	char words[NAME_COLUMNS];

	snprintf(words, sizeof words, "%s", name);
	for (char *c = words; *c; c++)
		if (*c == '_')
			*c = ' ';
	printf("  %-*s", NAME_COLUMNS - 2, words);
}

static void fact(struct doctor *d, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void fact(struct doctor *d, const char *name, const char *format, ...)
{
	char text[TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_object_set_new(d->section, name, json_string(text));
	if (d->json)
		return;
	print_name(name);
	term_print(stdout, text, term_columns(stdout), NAME_COLUMNS);
}

/* `note` is for people: units, or a share. */
static void fact_number(struct doctor *d, const char *name, double number, const char *note)
{
	json_object_set_new(d->section, name, json_real(number));
	if (d->json)
		return;
	print_name(name);
	printf("%.1f %s\n", number, note);
}

static void fact_int(struct doctor *d, const char *name, int number)
{
	json_object_set_new(d->section, name, json_integer(number));
	if (d->json)
		return;
	print_name(name);
	printf("%d\n", number);
}

static void fact_bool(struct doctor *d, const char *name, bool yes)
{
	json_object_set_new(d->section, name, json_boolean(yes));
	if (d->json)
		return;
	print_name(name);
	puts(yes ? "yes" : "no");
}

/* What is in the way, and what to do. */
static void warn(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(struct doctor *d, const char *format, ...)
{
	char text[ERR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	json_array_append_new(d->warnings, json_string(text));
}

/* ---- the machine */

static void cores(struct doctor *d)
{
	struct team_grant grant;
	int n = team_granted(&grant);

	fact_int(d, "cores_online", grant.online);
	fact_int(d, "cores_by_affinity", grant.affinity);
	if (grant.quota)
		fact_int(d, "cores_by_cgroup_quota", grant.quota);
	if (grant.slurm)
		fact_int(d, "cores_by_slurm", grant.slurm);
	fact_int(d, "cores_used", n);
	if (n < grant.online)
		warn(d,
			"%d of %d cores are used: that is what affinity, the cgroup's quota and "
			"SLURM_CPUS_PER_TASK grant; -j sets another number",
			n, grant.online);
}

static void caches(struct doctor *d)
{
	long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE),
	     l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);

	if (l1 > 0 && l2 > 0)
		fact(d, "caches", "%ld KB, %ld KB, %ld KB (L1 data, L2, L3)", l1 >> 10, l2 >> 10,
			l3 > 0 ? l3 >> 10 : 0);
}

static void machine(struct doctor *d)
{
	char text[ENVIRONMENT_TEXT];
	struct sysinfo info;

	section(d, "machine");
	environment_cpu(text);
	fact(d, "cpu", "%s", *text ? text : "unknown");
	cores(d);
	caches(d);
	if (!sysinfo(&info))
		fact_number(d, "memory_gb", 1e-9 * (double)info.totalram * info.mem_unit, "");
	environment_os(text);
	fact(d, "system", "%s", text);
}

static void instruction_set(struct doctor *d)
{
	const char *forced = getenv("RUNNER_ISA");
	char list[64] = "";
	size_t used = 0;
	const struct kinds *kinds;
	bool fma;

	section(d, "instruction set");
	for (int i = 0; (kinds = isa_nth(i, &fma)); i++)
		used += (size_t)snprintf(
			list + used, sizeof list - used, "%s%s", i ? ", " : "", kinds->isa);
	fact(d, "used", "%s", isa_kinds()->isa);
	fact(d, "here", "%s (the best first)", list);
	if (forced && *forced)
		fact(d, "RUNNER_ISA", "%s", forced);
	fact_bool(d, "fused_multiply_add", isa_has_fma());
	fact_int(d, "numerics_version", NUMERICS_VERSION);
	if (!isa_has_fma())
		warn(d, "without fused multiply-add results differ in their last bits from those "
			"of other machines, and so do the hashes of weights");
}

/* ---- speed */

/* peak 0: there is no share of it. */
static void share(struct doctor *d, const char *name, double gflops, double peak)
{
	char note[64] = "GFLOP/s";

	if (peak > 0)
		snprintf(note, sizeof note, "GFLOP/s, %.0f %% of the peak", 100 * gflops / peak);
	fact_number(d, name, gflops, note);
}

/* OpenBLAS knows nothing of RUNNER_ISA: beside the peak of a lesser set its speed says nothing. */
static double blas_peak(double peak)
{
	bool fma;

	return isa_kinds() == isa_nth(0, &fma) ? peak : 0;
}

static void blas(struct doctor *d, const struct measure_blas *as_found, double peak)
{
	struct err err = {0};
	double sgemm, linear;

	section(d, "OpenBLAS");
	if (blas_open(&err)) {
		fact_bool(d, "found", false);
		warn(d, "%s. Only networks with wide linear layers need it", err.text);
		return;
	}
	fact_bool(d, "found", true);
	fact(d, "version", "%s", blas_version());
	fact(d, "file", "%s", blas_path());
	fact(d, "kernels", "%s", blas_kernels());
	if (blas_forced_slower())
		warn(d,
			"OPENBLAS_CORETYPE=%s makes OpenBLAS slower than it is here without: unset "
			"it",
			getenv("OPENBLAS_CORETYPE"));
	if (!measure_blas(&sgemm, &err))
		share(d, "sgemm", sgemm, peak);
	if (*as_found->kernels) {
		fact(d, "kernels_by_itself", "%s", as_found->kernels);
		share(d, "sgemm_by_itself", as_found->gflops, peak);
	}
	fact(d, "used_for", "linear layers with `compute: openblas`, and nothing else");
	if (!measure_linear(&linear, WIDE_WIDTH, LINEAR_OPENBLAS, &err))
		share(d, "linear_1024", linear, peak);
	if (err.set)
		warn(d, "%s", err.text);
}

static void speed(struct doctor *d, const struct measure_blas *as_found)
{
	struct err err = {0};
	double peak = isa_fma_peak(), gflops;

	char load[MEASURE_TEXT];

	section(d, "speed of one core");
	if (measure_disturbed(load))
		warn(d, "%s", load);
	fact_number(d, "peak", peak, "GFLOP/s: multiplications and additions in registers");
	if (!measure_conv2d(&gflops, &err))
		share(d, "conv2d", gflops, peak);
	if (!measure_linear(&gflops, NARROW_WIDTH, LINEAR_AUTO, &err))
		share(d, "linear_128", gflops, peak);
	if (!measure_linear(&gflops, WIDE_WIDTH, LINEAR_AUTO, &err))
		share(d, "linear_1024", gflops, peak);
	if (err.set)
		warn(d, "%s", err.text);
	blas(d, as_found, blas_peak(peak));
}

/* ---- files */

static void data(struct doctor *d)
{
	static const struct dataset_search here;
	struct arena arena = {0};
	char tried[SEARCH_TRIED] = "";

	section(d, "data");
	for (const struct catalogue_set *set = catalogue; set->name; set++) {
		struct err err = {0};
		struct found found = {0};

		if (search_find(&found, set, &here, &arena, &err))
			warn(d, "%s", err.text);
		else if (found.folder)
			fact(d, set->name, "%s", found.folder);
		else
			fact(d, set->name, "not here; `runner fetch %s` downloads it", set->name);
		if (!found.folder)
			memcpy(tried, found.tried, sizeof tried);
	}
	if (*tried)
		fact(d, "looked_in", "%s", tried);
	arena_release(&arena);
}

/* File systems by the number that statfs gives; on those of a network locks and WAL are not safe.
 */
static const struct filesystem {
	unsigned long type;
	const char *name;
	bool network;
} filesystems[] = {
	{0xef53, "ext4", false},
	{0x9123683e, "btrfs", false},
	{0x58465342, "xfs", false},
	{0x2fc12fc1, "zfs", false},
	{0x01021994, "tmpfs", false},
	{0x794c7630, "overlayfs", false},
	{0xf2f52010, "f2fs", false},
	{0x6969, "NFS", true},
	{0xff534d42, "CIFS", true},
	{0xfe534d42, "SMB", true},
	{0x01021997, "9p", true},
	{0x65735546, "FUSE", true},
	{0x0bd00bd0, "Lustre", true},
	{0x19830326, "BeeGFS", true},
	{0x47504653, "GPFS", true},
	{0x00c36400, "Ceph", true},
	{0x5346414f, "AFS", true},
};

static const struct filesystem *filesystem_of(const char *folder)
{
	struct statfs info;

	if (statfs(folder, &info))
		return NULL;
	for (size_t i = 0; i < sizeof filesystems / sizeof *filesystems; i++)
		if (filesystems[i].type == ((unsigned long)info.f_type & 0xffffffff))
			return &filesystems[i];
	return NULL;
}

static void store(struct doctor *d)
{
	const char *path = store_default_path(), *slash = strrchr(path, '/');
	char folder[4096] = ".";
	const struct filesystem *system;

	if (slash)
		snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
			path);
	section(d, "store");
	fact(d, "file", "%s%s", path, access(path, F_OK) ? " (not there yet)" : "");
	system = filesystem_of(folder);
	fact(d, "file_system", "%s", system ? system->name : "not known");
	if (access(folder, W_OK))
		warn(d, "%s cannot be written to: name another store with --db or RUNNER_DB",
			folder);
	if (system && system->network)
		warn(d,
			"the store would lie on a network file system (%s), where SQLite's locks "
			"may fail: put it on a local disk (--db, RUNNER_DB) and copy it afterwards",
			system->name);
}

static void program(struct doctor *d)
{
	struct term term = term_look(stdout, false);
	char text[ENVIRONMENT_TEXT], versions[512];
	json_t *all, *value;
	const char *name;

	section(d, "program");
	environment_compiler(text);
	fact(d, "compiler", "%s", text);
	environment_versions(versions, sizeof versions);
	all = json_loads(versions, 0, NULL);
	json_object_foreach(all, name, value) fact(d, name, "%s", json_string_value(value));
	json_decref(all);
	section(d, "terminal");
	fact_bool(d, "live", term.live);
	fact_bool(d, "colour", term.colour);
	fact_bool(d, "unicode", term.unicode);
}

/* ---- the command */

static void print_warnings(const struct doctor *d)
{
	size_t n = json_array_size(d->warnings);

	printf("\n%s\n", n ? "warnings" : "Nothing is in the way.");
	for (size_t i = 0; i < n; i++) {
		fputs("  ", stdout);
		term_print(stdout, json_string_value(json_array_get(d->warnings, i)),
			term_columns(stdout), 2);
	}
}

static int examine(struct doctor *d, const struct measure_blas *as_found)
{
	d->page = json_object();
	d->warnings = json_array();
	if (!d->page || !d->warnings) {
		command_error("out of memory");
		return EXIT_RUN_FAILED;
	}
	machine(d);
	instruction_set(d);
	fflush(stdout);
	speed(d, as_found);
	data(d);
	store(d);
	program(d);
	if (!d->json) {
		print_warnings(d);
		return EXIT_DONE;
	}
	json_object_set(d->page, "warnings", d->warnings);
	json_dumpf(d->page, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	return EXIT_DONE;
}

static int flag_set_doctor(void *context, const struct flag *flag, const char *value)
{
	(void)flag;
	(void)value;
	((struct doctor *)context)->json = true;
	return 0;
}

static int cmd_doctor(int argc, char **argv)
{
	struct doctor doctor = {0};
	struct measure_blas as_found;
	struct err err = {0};
	int n = flags_parse(&doctor_command, argc, argv, flag_set_doctor, &doctor), code;

	if (n < 0)
		return n == FLAGS_HELP ? EXIT_DONE : EXIT_USAGE;
	if (n > 1) {
		command_error("`runner doctor` takes no arguments; what is '%s' to mean?", argv[1]);
		return EXIT_USAGE;
	}
	if (isa_check(&err))
		return command_failed(&err, EXIT_USAGE);
	if (measure_blas_as_found(&as_found))
		return EXIT_DONE;
	code = examine(&doctor, &as_found);
	json_decref(doctor.page);
	json_decref(doctor.warnings);
	return code;
}

static const struct flag doctor_flags[] = {{"json", 0, NULL, "as JSON"}, {0}};

const struct command doctor_command = {
	.name = "doctor",
	.synopsis = "",
	.help = "what this machine offers: cores, instruction set, speed, OpenBLAS, data, store",
	.run = cmd_doctor,
	.flags = doctor_flags,
};
