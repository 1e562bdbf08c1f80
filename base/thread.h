/* Threads of our own: signals are for the host's, but for those that say what a thread itself has done. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* As pthread_create with default attributes; the thread takes no signal but SIGBUS, SIGSEGV, SIGFPE, SIGILL and SIGABRT:
 * one of these that is blocked ends the process without its handler. Returns an errno. */
int thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx);

#endif
