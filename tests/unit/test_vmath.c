/*
 * vmath: every function against libm in double, over all magnitudes that a float can have and
 * densely where it bends, within the bounds that vmath.h states; limits and NaN.
 *
 * This program is compiled for the baseline; test_layers.c goes through the functions of the other
 * instruction sets by way of the activations.
 */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "layers/core/vmath.h"

/* One function, on a float and in double. */
struct function {
	const char *name;
	vf (*ours)(vf x);
	double (*libm)(double x);
	double bend;            /* the dense part: -bend .. bend */
	double units, absolute; /* bounds of the error: the larger one counts */
};

static double logistic(double x)
{
	return 1 / (1 + exp(-x));
}

static const struct function functions[] = {
	{"exp", vf_exp, exp, 110, 2, 0x1p-125},
	{"logistic", vf_logistic, logistic, 110, 0, 1.2e-7},
	{"tanh", vf_tanh, tanh, 12, 4, 0},
	{"erf", vf_erf, erf, 6, 0, 2.4e-7},
	{"log", vf_log, log, 20, 2, 0},
};

static float one(const struct function *f, float x)
{
	return f->ours(vf_set(x))[VL - 1];
}

static void check(const struct function *f, float x)
{
	double got = one(f, x), want = f->libm(x);
	double unit = nextafterf(fabsf((float)want), INFINITY) - fabsf((float)want);

	if (isnan(want) ? isnan(got) : got == (float)want)
		return;
	if (isinf((float)want) && got >= FLT_MAX * (1 - 4 * FLT_EPSILON))
		return;
	if (!(fabs(got - want) <= fmax(f->units * unit, f->absolute)))
		fail_msg("%s(%.9g = %a) is %.9g, should be %.9g", f->name, (double)x, (double)x,
			got, want);
}

static void test_all_magnitudes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		/* normal floats and inf, a prime apart; log is for normal ones only */
		for (uint32_t bits = 0x00800000; bits <= 0x7f800000; bits += 1999) {
			float x;

			memcpy(&x, &bits, sizeof x);
			check(&functions[i], x);
			check(&functions[i], -x);
		}
}

static void test_where_it_bends(void **state)
{
	enum { POINTS = 200000 };

	(void)state;
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		for (int j = 0; j <= POINTS; j++)
			check(&functions[i], (float)((2.0 * j / POINTS - 1) * functions[i].bend));
}

static void test_special_numbers(void **state)
{
	static const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, FLT_MAX, -FLT_MAX,
		88.72283f, 88.72284f, 89, -87.33654f, -103.9f, -104, -200, 1, -1, 0.625f, -0.625f};

	(void)state;
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		for (size_t j = 0; j < sizeof special / sizeof *special; j++)
			check(&functions[i], special[j]);
	assert_true(vf_exp(vf_set(0))[0] == 1);
	assert_true(vf_exp(vf_set(INFINITY))[0] == INFINITY);
	assert_true(vf_exp(vf_set(-INFINITY))[0] == 0);
	assert_true(vf_logistic(vf_set(INFINITY))[0] == 1);
	assert_true(vf_logistic(vf_set(0))[0] == 0.5f);
	assert_true(vf_logistic(vf_set(-INFINITY))[0] == 0);
	assert_true(vf_tanh(vf_set(INFINITY))[0] == 1);
	assert_true(vf_erf(vf_set(INFINITY))[0] == 1);
	assert_true(vf_log(vf_set(0))[0] == -INFINITY);
	assert_true(vf_log(vf_set(1))[0] == 0);
}

/* Odd functions are odd to the bit, and none leaves its range. */
static void test_symmetry(void **state)
{
	(void)state;
	for (int j = 0; j < 100000; j++) {
		vf x = vf_set((float)(j * 0.0001));

		assert_true(vf_tanh(-x)[0] == -vf_tanh(x)[0]);
		assert_true(vf_erf(-x)[0] == -vf_erf(x)[0]);
		assert_true(vf_tanh(x)[0] <= 1 && vf_erf(x)[0] <= 1 && vf_logistic(x)[0] <= 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_magnitudes),
		cmocka_unit_test(test_where_it_bends),
		cmocka_unit_test(test_special_numbers),
		cmocka_unit_test(test_symmetry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
