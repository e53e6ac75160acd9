#!/bin/sh
echo "$SIMULATED_USER"
