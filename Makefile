# runner -- `make help` lists the targets.
#
# VARIANT=debug|release|asan|tsan|coverage chooses how to build; each variant has its own folder.

VARIANT ?= release
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
DESTDIR ?=

BUILD := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
VERSION := 0.1.0
ARCH := $(shell uname -m)
Q := $(if $(V),,@)# make V=1 shows the commands

include packages.mk

# ---- flags
PKGS := yaml-0.1 sqlite3 zlib libcurl libcrypto libpng jansson
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Werror
# -ffp-contract=off: gcc and clang would contract a*b+c differently; kernels say fma themselves.
CFLAGS_ALL = -std=gnu11 -I. -D_GNU_SOURCE -DRUNNER_VERSION='"$(VERSION)"' $(WARN) -ffp-contract=off \
	-fno-math-errno -pthread -MMD -MP $(PKG_CFLAGS)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
LDLIBS_ALL = $(PKG_LIBS) -pthread -lm -ldl

FLAGS_release  := -O2 -g
FLAGS_debug    := -O0 -g3
FLAGS_asan     := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan     := -O1 -g -fsanitize=thread
FLAGS_coverage := -O0 -g --coverage
FLAGS := $(FLAGS_$(VARIANT))

# Layer files are compiled once for each instruction set (layers/isa.h).
ISAS_x86_64  := avx512 avx2 baseline
ISAS_aarch64 := neon
ISAS := $(ISAS_$(ARCH))
ISA_avx512   := -DISA=avx512 -march=x86-64-v4 -mprefer-vector-width=512
ISA_avx2     := -DISA=avx2 -march=x86-64-v3
ISA_baseline := -DISA=baseline
ISA_neon     := -DISA=neon

# ---- sources
CORE_SRC    := $(wildcard layers/core/*.c)
# one pair of files a kind; compiled once for each instruction set
LAYER_SRC   := $(wildcard layers/*.c layers/losses/*.c layers/optimizers/*.c)
NET_SRC     := $(wildcard layers/network/*.c)
DATASET_SRC := $(wildcard datasets/*.c)
RUNNER_SRC  := $(wildcard runner/*.c runner/*/*.c)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LAYER_OBJ := $(foreach isa,$(ISAS),$(patsubst %.c,$(BUILD)/obj/%.$(isa).o,$(LAYER_SRC)))
LIB_OBJ := $(call obj,$(CORE_SRC) $(NET_SRC) $(DATASET_SRC)) $(LAYER_OBJ)
APP_OBJ := $(call obj,$(filter-out runner/main.c,$(RUNNER_SRC)))
PROGRAM := $(BUILD)/runner

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM) ## build build/runner

# Also rebuilds when the flags change.
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(FLAGS) $(VERSION) $(WARN)' | cmp -s - $@ || echo '$(CC) $(FLAGS) $(VERSION) $(WARN)' > $@
.PHONY: FORCE

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$(Q)$(CC) $(CFLAGS_ALL) $(FLAGS) $(CFLAGS) -c $< -o $@

# The store's SQL is taken in by .incbin, which -MMD does not see.
$(BUILD)/obj/runner/store/text.o: runner/store/schema.sql runner/store/views.sql

define isa_rule
$(BUILD)/obj/%.$(1).o: %.c $(BUILD)/flags
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(CC) $$(CFLAGS_ALL) $$(FLAGS) $$(ISA_$(1)) $$(CFLAGS) -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

$(BUILD)/librunner.a: $(LIB_OBJ) $(APP_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(PROGRAM): $(call obj,runner/main.c) $(BUILD)/librunner.a
	@echo '  LD  $@'
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) $^ $(LDLIBS_ALL) -o $@

# ---- tests
TEST_SRC := $(wildcard tests/unit/*.c)
TEST_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(TEST_SRC))
TEST_LIB := $(call obj,$(wildcard tests/ref/*.c tests/support/*.c))
.PHONY: tests
tests: $(TEST_BIN)
.SECONDARY: $(call obj,$(TEST_SRC)) $(TEST_LIB)
$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(TEST_LIB) $(BUILD)/librunner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$(Q)$(CC) $(FLAGS) $(LDFLAGS) $^ -lcmocka $(LDLIBS_ALL) -o $@

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
