/* System calls of the other architectures that a processor runs, for which the filter's numbers mean something else. */
#include "tests/work/sandbox.h"

#ifdef __x86_64__
/* The signal that ends a 32-bit call outside a sandbox: 0, or SIGSEGV from a kernel that has no such calls. */
static int ends_outside(void) {
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL); /* cmocka has a handler */
        long number = 20;         /* getpid */
        __asm__ volatile("int $0x80" : "+a"(number) : : "memory", "r8", "r9", "r10", "r11");
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static const char *foreign(void *ctx) {
    const int *outside = ctx;
    struct sandbox s = {0};
    sandbox_python(&s, "import ctypes, os, mmap\n"
                       "libc = ctypes.CDLL(None)\n"
                       "code = mmap.mmap(-1, 4096, prot=7)\n"
                       "code.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n" /* mov $20, %eax; int $0x80; ret */
                       "call = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))\n"
                       "for attempt in (call, lambda: libc.syscall(0x40000000 | 39)):\n"
                       "    pid = os.fork()\n"
                       "    if pid == 0: attempt(); os._exit(0)\n"
                       "    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n");
    char expected[32];
    snprintf(expected, sizeof expected, "-%d\n-%d\n", *outside == SIGSEGV ? SIGSEGV : SIGSYS, SIGSYS);
    return sandbox_says(&s, expected);
}

static void a_call_of_another_architecture_ends_the_process(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    int outside = ends_outside();
    sandbox_each_user(foreign, &outside);
}
#else
static void a_call_of_another_architecture_ends_the_process(void **state) {
    (void)state;
    skip(); /* the test's machine code is x86 */
}
#endif

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_call_of_another_architecture_ends_the_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
