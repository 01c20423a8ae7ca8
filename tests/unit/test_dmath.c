/* dmath against libm, in units of the double's last place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "layers/core/dmath.h"

static void log_is_libms(void **unused)
{
	double worst = 0;

	(void)unused;
	for (int i = 0; i < 200000; i++) {
		double x = ldexp(1 + i * 1e-5, i % 600 - 300);
		double error = fabs(dmath_log(x) - log(x)) / fmax(1, fabs(log(x)));

		worst = fmax(worst, error);
	}
	assert_true(worst < 4e-16);
	assert_true(dmath_log(1) == 0);
}

static void circle_is_libms(void **unused)
{
	double worst = 0;

	(void)unused;
	for (int i = 0; i <= 100000; i++) {
		double turns = i * 1e-5, cosine, sine;

		dmath_circle(turns, &cosine, &sine);
		worst = fmax(worst, fabs(cosine - cos(2 * M_PI * turns)));
		worst = fmax(worst, fabs(sine - sin(2 * M_PI * turns)));
	}
	assert_true(worst < 2e-15);
}

static void quarters_are_exact(void **unused)
{
	static const double want[5][2] = {{1, 0}, {0, 1}, {-1, 0}, {0, -1}, {1, 0}};

	(void)unused;
	for (int quarter = 0; quarter <= 4; quarter++) {
		double cosine, sine;

		dmath_circle(quarter * 0.25, &cosine, &sine);
		assert_true(cosine == want[quarter][0]);
		assert_true(sine == want[quarter][1]);
	}
}

static void powers(void **unused)
{
	double product = 1;

	(void)unused;
	assert_true(dmath_power(0, 0) == 1);
	assert_true(dmath_power(0, 3) == 0);
	assert_true(dmath_power(2, 10) == 1024);
	assert_true(dmath_power(-3, 3) == -27);
	assert_true(dmath_power(0.5, 5000) == 0);
	for (int n = 0; n < 3000; n++, product *= 0.999)
		assert_true(fabs(dmath_power(0.999, n) - product) <= 1e-12 * product);
	assert_true(fabs(dmath_power(0.9999, INT64_C(1) << 20) / pow(0.9999, 0x1p20) - 1) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_is_libms),
		cmocka_unit_test(circle_is_libms),
		cmocka_unit_test(quarters_are_exact),
		cmocka_unit_test(powers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
