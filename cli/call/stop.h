/* Ctrl-C during a long command: it shows what it has so far, or ends what it started, and stops. */
#ifndef CLI_CALL_STOP_H
#define CLI_CALL_STOP_H

/* From here on SIGINT, SIGTERM and SIGHUP set *ret to 1 instead of ending the process. A second one ends it. */
const volatile int *stop_catch(void);
/* A descriptor that can be read once the flag is set; -1 when there is none. After stop_catch. */
int stop_descriptor(void);
/* From any thread: sends this process the signal SIGTERM. Once, after stop_catch. */
void stop_now(void);

#endif
