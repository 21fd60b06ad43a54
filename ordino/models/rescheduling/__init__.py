"""VMs on the NUMA nodes of hosts."""
