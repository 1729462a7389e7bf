static int kern_bench(void) { return 0; }
