# runner -- `make help` lists the targets.
#
# VARIANT=release|debug|asan|tsan|coverage chooses how to build; each variant has a folder of its own.
# Layers are compiled once for each instruction set (layers/isa.h), everything else once.

VERSION := 0.1.0
VARIANT ?= release
PREFIX ?= /usr/local
DESTDIR ?=
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
BUILD := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
ARCH := $(shell uname -m)
Q := $(if $(V),,@)# make V=1 shows the commands

# ---- packages (Debian); `make deps` installs those that are missing
PACKAGES_BUILD := gcc make pkg-config libc6-dev libyaml-dev libsqlite3-dev libisal-dev \
	libcurl4-openssl-dev libssl-dev libpng-dev libjansson-dev ca-certificates \
	libopenblas0-pthread
PACKAGES_CHECK := libcmocka-dev sqlite3 zlib1g-dev
PACKAGES_PEER := python3-torch python3-yaml

# ---- flags
PKGS := yaml-0.1 sqlite3 libisal libcurl libcrypto libpng jansson
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla \
	-Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 $(if $(STRICT),-Werror)

FLAGS_release  := -O2 -g
FLAGS_debug    := -O0 -g3
FLAGS_asan     := -O2 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FLAGS_tsan     := -O2 -g -fsanitize=thread
FLAGS_coverage := -O0 -g --coverage
FLAGS := $(FLAGS_$(VARIANT))

# -ffp-contract=off: gcc and clang would contract a*b+c differently; kernels say fma themselves.
COMPILE = $(CC) -std=gnu11 -I. -D_GNU_SOURCE -DRUNNER_VERSION='"$(VERSION)"' $(WARN) \
	-ffp-contract=off -fno-math-errno -pthread -MMD -MP $(PKG_CFLAGS) $(FLAGS)
LINK = $(CC) $(FLAGS) $(LDFLAGS)
LIBS := $(PKG_LIBS) -pthread -lm

ISAS_x86_64  := avx512 avx2 baseline
ISAS_aarch64 := neon
ISAS := $(ISAS_$(ARCH))
# What a set may use: the compiler is told, and layers/network/isa.c asks the CPU for the same.
NEEDS_avx512 := avx512f avx512bw avx512dq avx512vl avx2 fma
NEEDS_avx2   := avx2 fma
ISA_avx512   := -DISA=avx512 $(NEEDS_avx512:%=-m%) -mprefer-vector-width=512
ISA_avx2     := -DISA=avx2 $(NEEDS_avx2:%=-m%)
ISA_baseline := -DISA=baseline
ISA_neon     := -DISA=neon

# ---- sources
LAYER_SRC := $(wildcard layers/*.c layers/losses/*.c layers/optimizers/*.c)
LIB_SRC   := $(wildcard layers/core/*.c layers/network/*.c datasets/*.c) \
	$(filter-out runner/main.c,$(wildcard runner/*.c runner/*/*.c))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJ := $(call obj,$(LIB_SRC)) \
	$(foreach isa,$(ISAS),$(patsubst %.c,$(BUILD)/obj/%.$(isa).o,$(LAYER_SRC)))
LIB := $(BUILD)/librunner.a
PROGRAM := $(BUILD)/runner

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM) ## build the program, build/runner

# Everything is built anew when the flags change.
SIGNATURE = $(CC) $(FLAGS) $(CFLAGS) $(LDFLAGS) $(VERSION) $(WARN) $(foreach isa,$(ISAS),$(ISA_$(isa)))
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(SIGNATURE)' | cmp -s - $@ || echo '$(SIGNATURE)' > $@
.PHONY: FORCE

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo '  CC  $@'
	$(Q)$(COMPILE) $(CFLAGS) -c $< -o $@

define isa_rule
$(BUILD)/obj/%.$(1).o: %.c $(BUILD)/flags
	@mkdir -p $$(@D)
	@echo '  CC  $$@'
	$$(Q)$$(COMPILE) $$(ISA_$(1)) $$(CFLAGS) -c $$< -o $$@
endef
$(foreach isa,$(ISAS),$(eval $(call isa_rule,$(isa))))

$(BUILD)/obj/layers/network/isa.o: COMPILE += $(foreach isa,avx512 avx2,\
	-D'NEEDS_$(isa)=$(foreach feature,$(NEEDS_$(isa)),HAS("$(feature)"))')

$(BUILD)/obj/runner/store/text.o: runner/store/schema.sql runner/store/views.sql

$(LIB): $(LIB_OBJ)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(PROGRAM): $(call obj,runner/main.c) $(LIB)
	@echo '  LD  $@'
	$(Q)$(LINK) $^ $(LIBS) -o $@

# ---- use
.PHONY: run deps deps-check deps-peer
run: ## install what is missing, build, train configs/lenet_maxpool.yaml
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@sh runner/first_run.sh $(PROGRAM)

deps: ## install the Debian packages that are missing for building and running
	@sh runner/deps.sh $(PACKAGES_BUILD)

deps-check: ## those for testing too
	@sh runner/deps.sh $(PACKAGES_BUILD) $(PACKAGES_CHECK)

deps-peer: ## PyTorch, for `make bench` to compare with
	@sh runner/deps.sh $(PACKAGES_PEER)

.PHONY: install uninstall clean
install: all ## program, man page and completion below PREFIX (/usr/local)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/runner
	$(PROGRAM) manual > $(DESTDIR)$(PREFIX)/share/man/man1/runner.1
	$(PROGRAM) manual --completion \
		> $(DESTDIR)$(PREFIX)/share/bash-completion/completions/runner

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/runner $(DESTDIR)$(PREFIX)/share/man/man1/runner.1 \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/runner

clean: ## remove everything that was built
	rm -rf build

# ---- tests
TEST_SRC := $(wildcard tests/unit/*.c)
TEST_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(TEST_SRC))
TEST_OBJ := $(call obj,$(wildcard tests/ref/*.c tests/support/*.c))
.SECONDARY: $(call obj,$(TEST_SRC) $(wildcard tests/fuzz/*.c)) $(TEST_OBJ)

# The references are plain arithmetic: without the sanitizers, which would make them take minutes.
$(BUILD)/obj/tests/ref/%.o: FLAGS := -O2 -g

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(TEST_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$(Q)$(LINK) $^ -lcmocka -lz $(LIBS) -o $@

# Each fuzz target with a plain driver, which runs files of a corpus through it.
FUZZ := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ:%=$(BUILD)/tests/fuzz_%)
$(BUILD)/tests/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/driver.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$(Q)$(LINK) $^ $(LIBS) -o $@

.PHONY: tests check unit strict aarch64 fuzz
tests: $(TEST_BIN) $(FUZZ_BIN) all

check: ## install what is missing, build, run all tests
	@$(MAKE) --no-print-directory deps-check
	@$(MAKE) --no-print-directory -j$$(nproc) tests
	@BUILD=$(BUILD) bash tests/run.sh

unit: ## only the unit tests: make unit TESTS='test_tree test_layers'
	@$(MAKE) --no-print-directory -j$$(nproc) tests
	@BUILD=$(BUILD) bash tests/run.sh $(or $(TESTS),unit)

strict: ## compile everything with gcc and clang, warnings being errors
	@$(MAKE) --no-print-directory -j$$(nproc) STRICT=1 CC=gcc BUILD=build/strict-gcc tests
	@$(MAKE) --no-print-directory -j$$(nproc) STRICT=1 CC=clang BUILD=build/strict-clang tests

aarch64: ## build for aarch64; numeric tests and golden configs in an emulator (qemu-user)
	@bash tests/aarch64.sh $(filter %-dev,$(PACKAGES_BUILD) $(PACKAGES_CHECK))

# libFuzzer needs clang; RUNS executions of each target.
RUNS ?= 1000000
fuzz: ## RUNS (10^6) executions of each fuzz target under ASan and UBSan
	@$(MAKE) --no-print-directory -j$$(nproc) CC=clang BUILD=build/fuzz FLAGS='-O1 -g \
		-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all' fuzz-targets
	@for f in $(FUZZ); do \
		mkdir -p build/fuzz/corpus/$$f; \
		build/fuzz/tests/libfuzzer_$$f -runs=$(RUNS) -max_len=4096 -verbosity=0 \
			-print_final_stats=1 build/fuzz/corpus/$$f tests/fuzz/corpus/$$f || exit 1; \
	done
.PHONY: fuzz-targets
fuzz-targets: $(FUZZ:%=$(BUILD)/tests/libfuzzer_%)
$(BUILD)/tests/libfuzzer_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$(Q)$(LINK) -fsanitize=fuzzer $^ $(LIBS) -o $@

# ---- measuring
.SECONDARY: $(call obj,$(wildcard tests/bench/*.c))
$(BUILD)/tests/bench_%: $(BUILD)/obj/tests/bench/%.o $(TEST_OBJ) $(LIB)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	$(Q)$(LINK) $^ -lcmocka -lz $(LIBS) -o $@

.PHONY: bench bench-kernels
bench: ## speed beside PyTorch's, where that is installed: make bench BENCH='lenet vgg process'
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BUILD)/tests/bench_parts
	@BUILD=$(BUILD) bash tests/bench/bench.sh $(BENCH)

bench-kernels: ## how near every shape of kernel comes to the peak: make bench-kernels KERNELS='5x5 same'
	@$(MAKE) --no-print-directory -j$$(nproc) $(BUILD)/tests/bench_kernels
	@$(BUILD)/tests/bench_kernels $(KERNELS)

.PHONY: help
help: ## this list
	@echo 'make [VARIANT=release|debug|asan|tsan|coverage] TARGET'
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
