#!/bin/sh
echo "Built by Builds on $(uname -srm)"
