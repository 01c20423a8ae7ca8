/*
 * isa -- one object for each instruction set.
 *
 * Every file directly in layers/, layers/losses/ and layers/optimizers/ is compiled once for each
 * instruction set with -DISA=avx512, avx2, baseline (x86-64) or neon (aarch64). What such a file
 * exports carries the set in its name, through PER_ISA, so that the objects can stand side by side
 * in one program; layers/network/isa.c picks the set that the CPU has.
 */
#ifndef LAYERS_ISA_H
#define LAYERS_ISA_H

#define ISA_JOIN_(name, isa) name##_##isa
#define ISA_JOIN(name, isa) ISA_JOIN_(name, isa)
#define PER_ISA(name) ISA_JOIN(name, ISA)

#endif
