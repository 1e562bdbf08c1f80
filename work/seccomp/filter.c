/* The door to libseccomp, which is loaded here: only who runs a step needs it.
 *
 *   base filter   a list of what is allowed (syscalls.def), and the calls of which a part is: no new namespace, no bit of
 *                 set-user-id or set-group-id on a file, sockets of three families only
 *   step filter   everything, but for typing into a terminal, sockets that the step has no use for, and execve once the
 *                 program runs
 *
 * A filter cannot count, so "the first execve only" is said with a secret: the kernel hands a filter all six arguments of a
 * call, and execve uses three. The keeper calls it with three random numbers in the others, which the filter demands. The
 * program never had them: execve clears registers and memory, and a loaded filter cannot be read without privileges. */
#include "work/seccomp/filter.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMESPACES                                                                                                         \
    ((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET))
#define ARG(n, op, ...) ((struct scmp_arg_cmp){(n), (op), __VA_ARGS__})

enum { FILTER_MAX = 1 << 18, SOCK_TYPES = 0xf };

static const char *const allowed[] = {
#define ALLOW(name) #name,
#include "work/seccomp/syscalls.def"
#undef ALLOW
};

/* Fail with EPERM rather than as if the kernel had never heard of them: programs say so, and go on. */
static const char *const refused[] = {
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "setns",
    "unshare",
    "ptrace",
    "bpf",
    "perf_event_open",
    "keyctl",
    "add_key",
    "request_key",
    "userfaultfd",
    "process_vm_readv",
    "kcmp",
    "process_vm_writev",
    "syslog",
    "open_by_handle_at",
    "pidfd_getfd",
    "quotactl",
    "reboot",
    "swapon",
    "swapoff",
    "sethostname",
    "init_module",
    "finit_module",
    "settimeofday",
    "clock_settime",
    "adjtimex",
    "kexec_load",
    "acct",
    "fanotify_init",
    "vhangup",
    "iopl",
    "ioperm",
};

/* The argument that holds the mode of a file that is made or changed. With O_CREAT in the one before it, where there is
 * one: without, the mode is whatever was in the register. */
static const struct {
    const char *name;
    unsigned mode;
    int flags; /* -1: none */
} modes[] = {
    {"chmod", 1, -1},   {"fchmod", 1, -1}, {"fchmodat", 2, -1}, {"creat", 1, -1}, {"mkdir", 1, -1},
    {"mkdirat", 2, -1}, {"mknod", 1, -1},  {"mknodat", 2, -1},  {"open", 2, 1},   {"openat", 3, 2},
};

#define FUNCTIONS(X)                                                                                                       \
    X(seccomp_init)                                                                                                        \
    X(seccomp_release) X(seccomp_attr_set) X(seccomp_syscall_resolve_name) X(seccomp_rule_add_array) X(seccomp_export_bpf)

/* Rules are added one after the other; the first failure stays. */
struct rules {
#define MEMBER(name) __typeof__(name) *name;
    struct {
        FUNCTIONS(MEMBER)
    } f;
#undef MEMBER
    scmp_filter_ctx ctx;
    int rc;
};

static int load(struct rules *r, struct err *err) {
    void *library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL) {
        return err_set(err, ERR_NOTFOUND,
                       "confining a step needs libseccomp, which is not installed (Debian package libseccomp2)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(library, #name);                                                                              \
        if (symbol == NULL) {                                                                                              \
            (void)dlclose(library);                                                                                        \
            return err_set(err, ERR_VERSION, "libseccomp has no %s; version 2.5 or newer is needed", #name);               \
        }                                                                                                                  \
        memcpy(&r->f.name, &symbol, sizeof symbol);                                                                        \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    (void)dlclose(library); /* it stays: RTLD_NODELETE */
    return 0;
}

static void rule(struct rules *r, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *args) {
    int number = r->rc == 0 ? r->f.seccomp_syscall_resolve_name(name) : __NR_SCMP_ERROR;
    if (number != __NR_SCMP_ERROR) {
        int rc = r->f.seccomp_rule_add_array(r->ctx, action, number, n, args);
        r->rc = rc == -EDOM || rc == -EINVAL ? r->rc : rc; /* a call that this architecture does not have */
    }
}

/* clone3 is not among them: its flags are out of reach, and without it the C library uses clone. */
static void partly(struct rules *r) {
    rule(r, SCMP_ACT_ALLOW, "clone", 1, (struct scmp_arg_cmp[]){ARG(0, SCMP_CMP_MASKED_EQ, NAMESPACES, 0)});
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        const unsigned at = modes[i].mode;
        const struct scmp_arg_cmp plain = ARG(at, SCMP_CMP_MASKED_EQ, S_ISUID | S_ISGID, 0);
        rule(r, SCMP_ACT_ALLOW, modes[i].name, 1, &plain);
        if (modes[i].flags >= 0) {
            rule(r, SCMP_ACT_ALLOW, modes[i].name, 1,
                 (struct scmp_arg_cmp[]){
                     ARG((unsigned)modes[i].flags, SCMP_CMP_MASKED_EQ, O_CREAT | (O_TMPFILE & ~O_DIRECTORY), 0)});
        }
    }
    static const unsigned families[] = {AF_UNIX, AF_INET, AF_INET6};
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        rule(r, SCMP_ACT_ALLOW, "socket", 1, (struct scmp_arg_cmp[]){ARG(0, SCMP_CMP_EQ, families[i], 0)});
    }
    rule(r, SCMP_ACT_ALLOW, "socketpair", 1, (struct scmp_arg_cmp[]){ARG(0, SCMP_CMP_EQ, AF_UNIX, 0)});
    /* Its own limits alone, not the keeper's. */
    rule(r, SCMP_ACT_ALLOW, "prlimit64", 1, (struct scmp_arg_cmp[]){ARG(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, 0)});
    static const uint64_t personalities[] = {0, 0x0008, 0x20000, 0x20008, 0x40000, UINT32_MAX};
    for (size_t i = 0; i < sizeof personalities / sizeof *personalities; i++) {
        rule(r, SCMP_ACT_ALLOW, "personality", 1, (struct scmp_arg_cmp[]){ARG(0, SCMP_CMP_EQ, personalities[i], 0)});
    }
}

static int export_to(const struct rules *r, struct buf *ret, struct err *err) {
    int fd = memfd_create("filter", MFD_CLOEXEC);
    if (fd < 0) {
        return err_errno(err, errno, "memfd_create");
    }
    int rc = r->f.seccomp_export_bpf(r->ctx, fd);
    off_t n = rc == 0 ? lseek(fd, 0, SEEK_END) : -1;
    if (rc != 0 || n <= 0 || n > FILTER_MAX) {
        rc = err_set(err, ERR_IO, "libseccomp cannot write the filter: %s", strerror(-rc));
    }
    uint8_t *room = rc == 0 ? buf_room(ret, (size_t)n) : NULL;
    if (rc == 0 && (room == NULL || pread(fd, room, (size_t)n, 0) != n)) {
        rc = err_set(err, ERR_NOMEM, "the filter of system calls cannot be read back");
    } else if (rc == 0) {
        ret->n += (size_t)n;
    }
    close(fd);
    return rc;
}

static int finish(struct rules *r, struct buf *ret, struct err *err) {
    int rc = r->ctx == NULL ? err_set(err, ERR_NOMEM, "libseccomp has no memory for a filter") : 0;
    if (rc == 0 && r->rc != 0) {
        rc = err_set(err, ERR_IO, "libseccomp refuses a rule: %s", strerror(-r->rc));
    }
    if (rc == 0) {
        rc = export_to(r, ret, err);
    }
    if (r->ctx != NULL) {
        r->f.seccomp_release(r->ctx);
    }
    return rc;
}

static int begin(struct rules *r, uint32_t action, struct err *err) {
    *r = (struct rules){.rc = 0};
    int rc = load(r, err);
    r->ctx = rc == 0 ? r->f.seccomp_init(action) : NULL;
    if (r->ctx != NULL) {
        r->rc = r->f.seccomp_attr_set(r->ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        (void)r->f.seccomp_attr_set(r->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree rather than a list, where it is known */
    }
    return rc;
}

int seccomp_filter_base(struct buf *ret_filter, struct err *err) {
    struct rules r;
    int rc = begin(&r, SCMP_ACT_ERRNO(ENOSYS), err);
    for (size_t i = 0; r.ctx != NULL && i < sizeof allowed / sizeof *allowed; i++) {
        rule(&r, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
    }
    for (size_t i = 0; r.ctx != NULL && i < sizeof refused / sizeof *refused; i++) {
        rule(&r, SCMP_ACT_ERRNO(EPERM), refused[i], 0, NULL);
    }
    if (r.ctx != NULL) {
        partly(&r);
    }
    return rc == 0 ? finish(&r, ret_filter, err) : rc;
}

/* The kernel reads 32 bits of these arguments: what is above them must not hide a value. */
static void refuse_if(struct rules *r, uint32_t action, const char *name, unsigned arg, uint64_t value) {
    rule(r, action, name, 1, (struct scmp_arg_cmp[]){ARG(arg, SCMP_CMP_MASKED_EQ, UINT32_MAX, value)});
}

static void sockets(struct rules *r, const struct seccomp_step *step) {
    const uint32_t eacces = SCMP_ACT_ERRNO(EACCES);
    static const int loose[] = {SOCK_DGRAM, SOCK_RAW}; /* one of a pair could still be sent to any path */
    for (size_t i = 0; i < sizeof loose / sizeof *loose; i++) {
        rule(r, eacces, "socketpair", 1, (struct scmp_arg_cmp[]){ARG(1, SCMP_CMP_MASKED_EQ, SOCK_TYPES, loose[i])});
    }
    if (!step->unix_sockets && !step->inet_sockets) {
        rule(r, eacces, "socket", 0, NULL);
    } else if (!step->unix_sockets) {
        refuse_if(r, eacces, "socket", 0, AF_UNIX);
    } else if (!step->inet_sockets) {
        refuse_if(r, eacces, "socket", 0, AF_INET);
        refuse_if(r, eacces, "socket", 0, AF_INET6);
    }
}

int seccomp_filter_step(const struct seccomp_step *step, struct buf *ret_filter, struct err *err) {
    struct rules r;
    int rc = begin(&r, SCMP_ACT_ALLOW, err);
    const uint32_t eacces = SCMP_ACT_ERRNO(EACCES);
    if (r.ctx != NULL) {
        refuse_if(&r, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, TIOCSTI);
        refuse_if(&r, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, TIOCLINUX);
        refuse_if(&r, SCMP_ACT_ERRNO(EPERM), "prctl", 0, PR_SET_DUMPABLE); /* the supervisor looks at its descriptors */
        sockets(&r, step);
    }
    if (r.ctx != NULL && step->sealed) {
        for (unsigned i = 0; i < SECCOMP_SECRETS; i++) {
            rule(&r, eacces, "execve", 1, (struct scmp_arg_cmp[]){ARG(3 + i, SCMP_CMP_NE, step->secret[i], 0)});
        }
        rule(&r, eacces, "execveat", 0, NULL);
    }
    return rc == 0 ? finish(&r, ret_filter, err) : rc;
}
