/* The source "hardware": the machine's components, as its kernel reports them, when they differ from the last event.
 *
 * Left out on purpose: serial numbers, addresses, UUIDs and host names, which identify a person's machine, and values that
 * change by themselves (free memory, temperatures, clock rates). */
#ifndef INGEST_HARDWARE_HARDWARE_H
#define INGEST_HARDWARE_HARDWARE_H

#include "ingest/driver/intake.h"

#define HARDWARE_TEXT     128
#define HARDWARE_DISK_MAX 64
#define HARDWARE_GPU_MAX  32

struct hardware_disk {
    char name[HARDWARE_TEXT], model[HARDWARE_TEXT];
    uint64_t bytes;
    bool rotational, virtual_; /* rotational means nothing for a virtual disk */
};

struct hardware_gpu {
    char name[HARDWARE_TEXT];           /* "": unknown */
    char bus[32];                       /* PCI address; "" for one on the chip */
    char vendor[16], device[16];        /* "0x10de"; "" for one on the chip */
    char driver[HARDWARE_TEXT];         /* the kernel's */
    char driver_version[HARDWARE_TEXT]; /* as nvidia-smi says */
    uint64_t memory_bytes;              /* 0: unknown */
};

struct hardware_profile {
    char cpu_model[HARDWARE_TEXT], arch[HARDWARE_TEXT];
    uint32_t sockets, cores, threads; /* 0: unknown */
    uint64_t memory_bytes;
    char os_id[HARDWARE_TEXT], os_version[HARDWARE_TEXT], os_name[HARDWARE_TEXT];
    char kernel[HARDWARE_TEXT];    /* "Linux 6.1.0-37-amd64" */
    char gpu_error[HARDWARE_TEXT]; /* why nvidia-smi, although installed, gave nothing */
    size_t n_disks, n_gpus;
    struct hardware_disk disks[HARDWARE_DISK_MAX]; /* by model, size and name */
    struct hardware_gpu gpus[HARDWARE_GPU_MAX];    /* by address */
};

/* Reads the system below `root` ("/" is this machine; anything else is a tree of the same shape). What cannot be read stays
 * empty or 0: a container hides much. Runs <root>/usr/bin/nvidia-smi when it exists, for at most 5 s. */
void hardware_probe(const char *root, struct hardware_profile *ret);
/* PCI devices of class 03 and GPUs on the chip, with nvidia-smi's data (gpu.c). */
void hardware_probe_gpus(const char *root, struct hardware_profile *profile);
/* Adds nvidia-smi's answer (CSV lines of "bus, name, MiB, driver") to the profile's GPUs at these addresses. */
void hardware_take_smi(struct hardware_profile *profile, struct bytes csv);

/* Small files: the first line without surrounding blanks, "" when there is none; cut to fit, made valid UTF-8. */
void hardware_read_text(const char *root, const char *path, char ret[HARDWARE_TEXT]);
/* Copies text in that form. */
void hardware_set_text(char ret[HARDWARE_TEXT], struct bytes text);

/* The body of hardware.profiled. `digest` is the stable part's, as "sha256:<hex>"; with "" the stable part itself is
 * written: without the kernel's disk names, which follow the order of detection, and with memory in steps of 64 MiB,
 * because the kernel's own share of it varies. */
int hardware_encode(struct buf *out, const struct hardware_profile *profile, const char *digest, struct err *err);

/* The source's function. */
int hardware_read(struct intake *run, struct err *err);

#endif
