/* Checksums against the known answers of FIPS 180-4, in one piece and in many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "layers/core/sha256.h"

static void known_answers(void **unused)
{
	char hex[SHA256_HEX];
	struct err err = {0};
	struct sha256 sha256;

	(void)unused;
	assert_int_equal(sha256_start(&sha256, &err), 0);
	assert_int_equal(sha256_finish(&sha256, hex, &err), 0);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_int_equal(sha256_start(&sha256, &err), 0);
	sha256_add(&sha256, "abc", 3);
	assert_int_equal(sha256_finish(&sha256, hex, &err), 0);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void pieces_are_one_text(void **unused)
{
	char hex[SHA256_HEX];
	struct err err = {0};
	struct sha256 sha256;

	(void)unused;
	assert_int_equal(sha256_start(&sha256, &err), 0);
	for (int i = 0; i < 1000000; i++)
		sha256_add(&sha256, "a", 1);
	assert_int_equal(sha256_finish(&sha256, hex, &err), 0);
	assert_string_equal(
		hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(pieces_are_one_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
