/* Our own threads: signals are delivered to the host's threads, except those that a thread itself causes. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* As pthread_create with default attributes. The thread blocks all signals except SIGBUS, SIGSEGV, SIGFPE, SIGILL and
 * SIGABRT: when one of these is blocked, it ends the process without its handler. Returns an errno. */
int thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx);

#endif
