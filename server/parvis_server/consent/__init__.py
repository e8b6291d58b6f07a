"""What people are told and asked before they are recorded: texts that may be edited, in French and
English, and the notices that are made of them and of the configuration.
"""
