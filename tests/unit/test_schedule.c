/* Schedules: values by hand (torch's), the recursions that torch steps through, and the warm-up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "layers/network/schedule.h"

static struct spec spec_of(const char *name, void *options)
{
	struct spec spec = {.kind = family_find(&schedule_family, name), .options = options};

	assert_non_null(spec.kind);
	return spec;
}

/* The learning rate of an epoch without warm-up. */
static double rate(const struct spec *spec, double lr, int epoch, int epochs)
{
	double first = schedule_lr(spec, lr, 0, epoch, epochs, 0, 100);

	assert_true(first == schedule_lr(spec, lr, 0, epoch, epochs, 99, 100));
	return first;
}

static void assert_near(double got, double want)
{
	if (fabs(got - want) > 1e-14 * fmax(fabs(want), 0.01))
		fail_msg("%.17g instead of %.17g", got, want);
}

static void constant(void **unused)
{
	struct spec spec = spec_of("constant", NULL);

	(void)unused;
	for (int epoch = 0; epoch < 20; epoch++)
		assert_true(rate(&spec, 0.9, epoch, 10) == 0.9);
}

static void step(void **unused)
{
	static const double want[] = {0.5, 0.5, 0.5, 0.05, 0.05, 0.05, 0.005, 0.005};
	struct spec spec = spec_of("step", &(struct schedule_step){3, 0.1});

	(void)unused;
	for (int epoch = 0; epoch < 8; epoch++)
		assert_near(rate(&spec, 0.5, epoch, 8), want[epoch]);
}

/* Milestones in any order; one that stands twice counts twice, as in torch. */
static void multistep(void **unused)
{
	static const double want[] = {1, 1, 0.5, 0.5, 0.125, 0.125};
	int milestones[] = {4, 2, 4};
	struct spec spec = spec_of("multistep", &(struct schedule_multistep){{3, milestones}, 0.5});

	(void)unused;
	for (int epoch = 0; epoch < 6; epoch++)
		assert_near(rate(&spec, 1, epoch, 6), want[epoch]);
}

static void exponential(void **unused)
{
	struct spec spec = spec_of("exponential", &(struct schedule_exponential){0.95});
	double want = 0.1;

	(void)unused;
	for (int epoch = 0; epoch < 50; epoch++, want *= 0.95)
		assert_near(rate(&spec, 0.1, epoch, 50), want);
}

/* torch: CosineAnnealingLR(T_max=4, eta_min=0) of lr 0.1; then with eta_min = 0.02. */
static void cosine(void **unused)
{
	static const double want[] = {0.1, 0.085355339059327376, 0.05, 0.014644660940672627};
	static const double raised[] = {0.1, 0.088284271247461901, 0.06, 0.031715728752538102};
	struct schedule_cosine options = {0};
	struct spec spec = spec_of("cosine", &options);

	(void)unused;
	for (int epoch = 0; epoch < 4; epoch++)
		assert_near(rate(&spec, 0.1, epoch, 4), want[epoch]);
	options.min = 0.2;
	for (int epoch = 0; epoch < 4; epoch++)
		assert_near(rate(&spec, 0.1, epoch, 4), raised[epoch]);
	for (int epoch = 0; epoch < 97; epoch++)
		assert_near(rate(&spec, 1, epoch, 97), 0.2 + 0.4 * (1 + cos(M_PI * epoch / 97)));
}

static void warmup(void **unused)
{
	struct spec flat = spec_of("constant", NULL);
	struct spec falling = spec_of("exponential", &(struct schedule_exponential){0.5});
	const int batches = 5;

	(void)unused;
	for (int epoch = 0; epoch < 4; epoch++) {
		for (int batch = 0; batch < batches; batch++) {
			double ramp = fmin(1, (epoch * batches + batch + 1) / 10.0);

			assert_near(
				schedule_lr(&flat, 0.3, 2, epoch, 4, batch, batches), 0.3 * ramp);
			assert_near(schedule_lr(&falling, 0.3, 2, epoch, 4, batch, batches),
				0.3 * ramp * pow(0.5, epoch));
		}
	}
	assert_true(schedule_lr(&flat, 0.3, 2, 1, 4, 4, batches) == 0.3);
}

static void only_cosine_needs_the_total(void **unused)
{
	(void)unused;
	for (const struct kind *const *k = schedule_family.kinds; *k; k++)
		assert_int_equal(((const struct schedule_kind *)*k)->needs_total,
			*k == family_find(&schedule_family, "cosine"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant),
		cmocka_unit_test(step),
		cmocka_unit_test(multistep),
		cmocka_unit_test(exponential),
		cmocka_unit_test(cosine),
		cmocka_unit_test(warmup),
		cmocka_unit_test(only_cosine_needs_the_total),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
