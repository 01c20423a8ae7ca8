/* text -- schema.sql and views.sql as part of the program. The assembler takes them in as they are,
 * from the repository's root, where every compiler of this project runs. */
#include "runner/store/sql.h"

#define TAKE_IN(symbol, file)                                \
	__asm__(".section .rodata\n"                         \
		".global " #symbol "\n"                      \
		".type " #symbol ", %object\n" #symbol ":\n" \
		".incbin \"" file "\"\n"                     \
		".byte 0\n"                                  \
		".size " #symbol ", . - " #symbol "\n"       \
		".previous\n")

TAKE_IN(store_schema_sql, "runner/store/schema.sql");
TAKE_IN(store_views_sql, "runner/store/views.sql");
